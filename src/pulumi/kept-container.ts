import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { RESTART_POLICY } from "../docker/container-arguments.ts";
import { upkeepAt } from "../docker/drift.ts";
import { checkPortsFree } from "../docker/free-ports.ts";
import { MADE_FROM_LABEL, type Role } from "../docker/labels.ts";
import { clearContainer } from "../docker/leftovers.ts";
import type { MadeFrom } from "../stack/made-from.ts";
import type { PublishedPort } from "../stack/published-ports.ts";
import type { Confinement } from "../stack/settings.ts";
import type { Balancer } from "../stack/topology.ts";
import { clearedBeforeCreate, dockerLabels } from "./ownership.ts";
import { Upkeep } from "./provided.ts";
import { onDocker, type StackContext } from "./stack-context.ts";

/** A container of the Docker provider: what it has besides that which all have in common. */
interface KeptArgs extends Partial<docker.ContainerArgs> {
  readonly role: Role;
  readonly image: string;
  readonly madeFrom: MadeFrom;
  readonly limits: Confinement["limits"];
  readonly published: readonly (PublishedPort & { readonly internal: number })[];
  readonly network: docker.Network;
  /** What must be there before the container is created or replaced. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * What the Docker provider reads back of a container, and `docker update` or `docker network` may change. It
 * would replace the container for each, without a word in the plan.
 */
const CHANGED_WHILE_RUNNING = [
  ...["memory", "memorySwap", "memoryReservation", "cpus", "cpuPeriod", "cpuQuota", "cpuSet", "cpuShares"],
  ...["restart", "maxRetryCount", "ports"],
];

/**
 * Declares a container that is replaced when what it is made from changes, as the plan tells it, and is
 * mended in place otherwise: the upkeep is what it keeps while it runs, and sets the limit of processes,
 * which the Docker provider does not know.
 */
export function createContainer(
  { containerName: name, address }: Pick<Balancer, "containerName" | "address">,
  { role, image, madeFrom, limits, published, network, after, ...own }: KeptArgs,
  context: StackContext,
) {
  const { declared, owner, parent, engine } = context;
  const { topology, logDriver, images } = declared;
  const container = new docker.Container(
    name,
    {
      ...own,
      name,
      image: images?.get(image) ?? image,
      restart: RESTART_POLICY,
      logDriver,
      tmpfs: {},
      capabilities: { drops: ["ALL"], adds: [] },
      securityOpts: ["no-new-privileges"],
      memory: limits.memoryMb,
      ulimits: [{ name: "nofile", soft: limits.files, hard: limits.files }],
      networksAdvanced: [{ name: network.name, ipv4Address: address }],
      ports: published.map(({ internal, port, address: ip }) => ({ internal, external: port, ip })),
      labels: [...dockerLabels(owner, role), { label: MADE_FROM_LABEL, value: JSON.stringify(madeFrom) }],
    },
    {
      ...onDocker(context),
      dependsOn: [...after],
      replacementTrigger: JSON.stringify(madeFrom),
      deleteBeforeReplace: true, // it needs its name, its address and its ports
      // A label carries the checkout's folder. A move of that must not replace the container.
      ignoreChanges: ["labels", ...CHANGED_WHILE_RUNNING],
      ...clearedBeforeCreate(name, async (engine) => {
        await clearContainer(engine, owner, name);
        await checkPortsFree(engine, published);
      }),
    },
  );
  const kept = upkeepAt(topology, { address }, limits);
  const inputs = { ...kept, containerName: name, containerId: container.id, network: network.name, engine };
  return { container, upkeep: new Upkeep(`${name}-upkeep`, inputs, { parent }) };
}
