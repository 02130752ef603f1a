import type Docker from "dockerode";
import { z } from "zod";
import { ifFound } from "./engine-error.ts";
import { flag, listOf, mapOf, number, part, text } from "./reply-parts.ts";

const LABELS = mapOf(text);

const NETWORKS = part({
  Networks: mapOf(part({ IPAddress: text, IPAMConfig: part({ IPv4Address: text }) })),
});

const CONTAINER = part({
  Id: text,
  Name: text,
  Image: text,
  Config: part({ Labels: LABELS }),
  State: part({
    Status: text,
    Running: flag,
    Paused: flag,
    Restarting: flag,
    Error: text,
    ExitCode: number,
    StartedAt: text,
    FinishedAt: text,
  }),
  RestartCount: number,
  HostConfig: part({
    Memory: number,
    MemorySwap: number,
    MemoryReservation: number,
    KernelMemory: number,
    NanoCpus: number,
    CpuPeriod: number,
    CpuQuota: number,
    CpuRealtimePeriod: number,
    CpuRealtimeRuntime: number,
    CpuShares: number,
    CpusetCpus: text,
    CpusetMems: text,
    BlkioWeight: number,
    PidsLimit: number,
    RestartPolicy: part({ Name: text }),
    NetworkMode: text,
  }),
  NetworkSettings: NETWORKS,
});

const LISTED_CONTAINERS = listOf(
  part({
    Id: text,
    Names: listOf(text),
    Image: text,
    ImageID: text,
    State: text,
    Labels: LABELS,
    Ports: listOf(part({ IP: text, PublicPort: number })),
    NetworkSettings: NETWORKS,
  }).transform(({ Names: [name = ""], ...rest }) => ({ ...rest, name: name.slice(1) })),
);

const NETWORK = part({
  Id: text,
  Name: text,
  Labels: LABELS,
  IPAM: part({ Config: listOf(part({ Subnet: text, Gateway: text })) }),
  Driver: text,
  Options: mapOf(text),
  Attachable: flag,
});

const IMAGE = part({
  Id: text,
  Os: text,
  Architecture: text,
  Variant: text,
  /** Names with a digest, by which a registry has it; none of an image that was built or loaded here. */
  RepoDigests: listOf(text),
  Config: part({ User: text, ExposedPorts: mapOf(z.unknown()) }),
});

const VOLUME = part({ Name: text, Labels: LABELS, Mountpoint: text });

const ENGINE = part({
  ID: text,
  Name: text,
  LoggingDriver: text,
  NCPU: number,
  SwapLimit: flag,
  Swarm: part({ NodeID: text, Cluster: part({ ID: text }) }),
});

/** A container as the engine reports it. */
export type FoundContainer = z.output<typeof CONTAINER>;

/** Looks at a container by id or name. The result is undefined if there is none. */
export const inspectContainer = (docker: Docker, id: string) =>
  ifFound(() => inspectExisting(docker.getContainer(id)));

/** Looks at a container that there is. */
export const inspectExisting = async (
  container: Docker.Container,
  options: { abortSignal?: AbortSignal } = {},
) => CONTAINER.parse(await container.inspect(options));

/** Lists containers, each with its first name. */
export const listContainers = async (docker: Docker, options: Docker.ContainerListOptions = {}) =>
  LISTED_CONTAINERS.parse(await docker.listContainers(options));

/** A container of such a list. */
export type ListedContainer = z.output<typeof LISTED_CONTAINERS>[number];

/** Lists all networks. */
export const listNetworks = async (docker: Docker) => z.array(NETWORK).parse(await docker.listNetworks());

/** A network as the engine reports it. */
export type FoundNetwork = z.output<typeof NETWORK>;

/** Looks at a network by id or name. The result is undefined if there is none. */
export const inspectNetwork = (docker: Docker, id: string) =>
  ifFound(async () => NETWORK.parse(await docker.getNetwork(id).inspect()));

/** Looks at an image by id or reference. The result is undefined if there is none. */
export const inspectImage = (docker: Docker, reference: string) =>
  ifFound(async () => IMAGE.parse(await docker.getImage(reference).inspect()));

/** Names the volumes that filters find. */
export const listVolumes = async (docker: Docker, filters: Readonly<Record<string, readonly string[]>>) =>
  part({ Volumes: listOf(VOLUME) })
    .parse(await docker.listVolumes({ filters: JSON.stringify(filters) }))
    .Volumes.map(({ Name }) => Name);

/** Looks at a volume. The result is undefined if there is none. */
export const inspectVolume = (docker: Docker, name: string) =>
  ifFound(async () => VOLUME.parse(await docker.getVolume(name).inspect()));

/** Asks the engine about itself. */
export const inspectEngine = async (docker: Docker) => ENGINE.parse(await docker.info());
