import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { tmpfsOf, withPrefix } from "../docker/container-arguments.ts";
import type { Upkeep as KeptUp } from "../docker/drift.ts";
import type { MadeFrom } from "../stack/made-from.ts";
import type { Confinement } from "../stack/settings.ts";
import { Upkeep } from "./provided.ts";

/**
 * A container's arguments for what it may do. The limit of processes is not among them, because the Docker
 * provider does not know it: {@link keepUp} sets it.
 */
export const confined = ({
  user,
  readOnly,
  tmpfs,
  capabilities,
  allowPrivilegeEscalation,
  limits,
}: Confinement) =>
  ({
    user: user === "" ? undefined : user,
    readOnly,
    tmpfs: tmpfsOf(tmpfs),
    capabilities: { drops: ["ALL"], adds: withPrefix(capabilities) },
    securityOpts: allowPrivilegeEscalation ? [] : ["no-new-privileges"],
    memory: limits.memoryMb,
    ulimits: [{ name: "nofile", soft: limits.files, hard: limits.files }],
  }) satisfies Partial<docker.ContainerArgs>;

/**
 * What the Docker provider reads back of a container, and `docker update` or `docker network` may change. It
 * would replace the container for each, without a word in the plan.
 */
const CHANGED_WHILE_RUNNING = [
  ...["memory", "memorySwap", "memoryReservation", "cpus", "cpuPeriod", "cpuQuota", "cpuSet", "cpuShares"],
  ...["restart", "maxRetryCount", "ports"],
];

/**
 * Resource options of a container that is replaced when what it is made from changes, as the plan tells it,
 * and is mended in place otherwise.
 */
export const replacedFor = (madeFrom: MadeFrom) =>
  ({
    replacementTrigger: JSON.stringify(madeFrom),
    deleteBeforeReplace: true, // it needs its name, its address and its ports
    // A label carries the checkout's folder. A move of that must not replace the container.
    ignoreChanges: ["labels", ...CHANGED_WHILE_RUNNING],
  }) satisfies pulumi.CustomResourceOptions;

/** Declares what a container keeps while it runs. */
export const keepUp = (
  container: docker.Container,
  containerName: string,
  network: docker.Network,
  kept: KeptUp,
  parent: pulumi.Resource,
): Upkeep =>
  new Upkeep(
    `${containerName}-upkeep`,
    { ...kept, containerName, containerId: container.id, network: network.name },
    { parent },
  );
