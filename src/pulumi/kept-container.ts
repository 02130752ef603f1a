import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { MIB, RESTART_POLICY } from "../docker/container-arguments.ts";
import { upkeepAt } from "../docker/drift.ts";
import { checkPortsFree } from "../docker/free-ports.ts";
import { labelsOf, MADE_FROM_LABEL, type Role } from "../docker/labels.ts";
import { clearContainer } from "../docker/leftovers.ts";
import type { MadeFrom } from "../stack/made-from.ts";
import type { PublishedPort } from "../stack/published-ports.ts";
import type { Confinement } from "../stack/settings.ts";
import type { Balancer } from "../stack/topology.ts";
import { clearedBeforeCreate, dockerLabels, machineInputs } from "./ownership.ts";
import { MachineContainer, Upkeep } from "./provided.ts";
import { onDocker, type StackContext, type StackNetwork } from "./stack-context.ts";

/** A container that stays where it is: what it has besides that which all have in common. */
interface KeptArgs {
  readonly role: Role;
  readonly image: string;
  readonly madeFrom: MadeFrom;
  readonly limits: Confinement["limits"];
  readonly published: readonly (PublishedPort & { readonly internal: number })[];
  readonly network: StackNetwork;
  /** What must be there before the container is created or replaced. */
  readonly after: readonly pulumi.Resource[];
  readonly envs: readonly pulumi.Input<string>[];
  readonly volumes: readonly {
    readonly volumeName: pulumi.Input<string>;
    readonly containerPath: string;
  }[];
  readonly readOnly: boolean;
  readonly user?: string;
  readonly command?: readonly string[];
  /** Files that it has when it starts. */
  readonly uploads?: readonly { readonly file: string; readonly content: string }[];
  /** How long it may take to end by itself, whoever stops it. */
  readonly stopTimeout?: number;
  /** The same where an update stops it. */
  readonly destroyGraceSeconds?: number;
}

type Place = Pick<Balancer, "containerName" | "address" | "machine">;

/** A container, by what the others need of it. */
export interface KeptContainer {
  /** Docker's id of it. */
  readonly id: pulumi.Output<string>;
  /** All that has to be done before it is as it shall be. */
  readonly resources: readonly pulumi.Resource[];
}

/** Declares a container that is replaced when what it is made from changes, as the plan tells it. */
export const createContainer = (place: Place, args: KeptArgs, context: StackContext): KeptContainer =>
  place.machine === undefined
    ? createOnEngine(place, args, context)
    : createOnMachine(place, place.machine, args, context);

/**
 * What the Docker provider reads back of a container, and `docker update` or `docker network` may change. It
 * would replace the container for each, without a word in the plan.
 */
const CHANGED_WHILE_RUNNING = [
  ...["memory", "memorySwap", "memoryReservation", "cpus", "cpuPeriod", "cpuQuota", "cpuSet", "cpuShares"],
  ...["restart", "maxRetryCount", "ports"],
];

/**
 * Declares it with the Docker provider. It is mended in place otherwise: the upkeep is what it keeps while it
 * runs, and sets the limit of processes, which the Docker provider does not know.
 */
function createOnEngine(
  { containerName: name, address }: Place,
  { role, image, madeFrom, limits, published, network, after, ...own }: KeptArgs,
  context: StackContext,
): KeptContainer {
  const { declared, owner, parent, engine } = context;
  const { topology, logDriver, images } = declared;
  const { command, uploads, ...others } = own;
  const container = new docker.Container(
    name,
    {
      ...others,
      ...(command && { command: [...command] }),
      ...(uploads && { uploads: [...uploads] }),
      envs: [...own.envs],
      volumes: [...own.volumes],
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
  return { id: container.id, resources: [container, new Upkeep(`${name}-upkeep`, inputs, { parent })] };
}

/** Declares it on a machine of a Swarm, which may be dead while the others are updated. */
function createOnMachine(
  { containerName, address }: Place,
  machine: NonNullable<Place["machine"]>,
  { role, image, madeFrom, limits, published, network, after, ...own }: KeptArgs,
  { declared, owner, parent }: StackContext,
): KeptContainer {
  const bindings = published.map(({ internal, port, address: HostIp }) => {
    const binding = [{ HostIp, HostPort: String(port) }];
    return [`${internal}/tcp`, binding] as const;
  });
  const container = {
    Image: declared.portable?.get(image) ?? image,
    ...(own.user !== undefined && { User: own.user }),
    ...(own.command !== undefined && { Cmd: [...own.command] }),
    ...(own.stopTimeout !== undefined && { StopTimeout: own.stopTimeout }),
    Env: [...own.envs],
    ExposedPorts: Object.fromEntries(bindings.map(([internal]) => [internal, {}])),
    HostConfig: {
      RestartPolicy: { Name: RESTART_POLICY },
      LogConfig: { Type: declared.logDriver, Config: {} },
      ReadonlyRootfs: own.readOnly,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Memory: limits.memoryMb * MIB,
      Ulimits: [{ Name: "nofile", Soft: limits.files, Hard: limits.files }],
      // A name without a dot would be asked of the machine's own name server as well.
      DnsOptions: ["ndots:1"],
      Mounts: own.volumes.map(({ volumeName, containerPath }) => ({
        Type: "volume",
        Source: volumeName,
        Target: containerPath,
      })),
      PortBindings: Object.fromEntries(bindings),
    },
  };
  const made = new MachineContainer(
    containerName,
    {
      machine: machineInputs(machine),
      containerName,
      container,
      madeFrom: JSON.stringify(madeFrom),
      labels: labelsOf(owner.stack, owner.state, role),
      pids: limits.pids,
      network: network.name,
      networkId: network.id,
      address,
      files: Object.fromEntries((own.uploads ?? []).map(({ file, content }) => [file, content])),
      published: published.map(({ internal: _, addressKey, ...port }) => ({
        ...port,
        ...(addressKey !== undefined && { addressKey }),
      })),
    },
    { parent, dependsOn: [...after] },
  );
  return { id: made.containerId, resources: [made] };
}
