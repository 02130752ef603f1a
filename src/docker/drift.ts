import type Docker from "dockerode";
import type { Topology } from "../stack/topology.ts";
import { MIB } from "./container-arguments.ts";
import { dockerWords, EngineError } from "./engine-error.ts";
import type { FoundContainer } from "./engine-replies.ts";
import { changedLimits, type Limits, setLimits } from "./limits.ts";

/** What a container keeps while it runs, whatever somebody does to it. */
export interface Upkeep {
  readonly limits: Limits;
  /** Name of the network that it is on. */
  readonly network: string;
  readonly address: string;
  /** Networks that it has joined besides. */
  readonly joins?: readonly string[];
}

/** What a container at an address of the stack keeps. */
export const upkeepAt = (
  { network }: Pick<Topology, "network">,
  { address }: { readonly address: string },
  { memoryMb, pids }: { readonly memoryMb: number; readonly pids: number },
): Upkeep => ({ limits: { memory: memoryMb * MIB, pids }, network: network.name, address });

/** What somebody did to a container, and what takes it back while it runs. */
export interface Drift {
  /** `memory 256m → 512m` */
  readonly limits: readonly string[];
  /** `address none → 172.28.10.2` */
  readonly address: readonly string[];
  /** `network bridge → none`: with another network the container may have another gateway. */
  readonly networks: readonly string[];
  /** `network none → database`, of one that it shall have joined. */
  readonly apart: readonly string[];
  /** @throws {EngineError} The message has Docker's words. */
  mend(): Promise<void>;
}

/** Looks for what can be mended while a container runs. */
export async function findDrift(docker: Docker, found: FoundContainer, upkeep: Upkeep): Promise<Drift> {
  const { Id, Name, HostConfig } = found;
  const limits = await changedLimits(docker, HostConfig, upkeep.limits);
  const address = addressOf(found, upkeep.network);
  const { joins = [] } = upkeep;
  const joined = Object.keys(found.NetworkSettings.Networks);
  const others = joined.filter((name) => name !== upkeep.network && !joins.includes(name));
  const isElsewhere = address !== upkeep.address;
  return {
    limits: limits.map(({ words }) => words),
    address: isElsewhere ? [`address ${address || "none"} → ${upkeep.address}`] : [],
    networks: others.map((name) => `network ${name} → none`),
    apart: joins.filter((name) => !joined.includes(name)).map((name) => `network none → ${name}`),
    async mend() {
      try {
        await setLimits(docker, Id, limits);
        for (const name of others) await docker.getNetwork(name).disconnect({ Container: Id, Force: true });
        if (isElsewhere) await connect(docker, found, upkeep);
      } catch (cause) {
        throw new EngineError(`container ${Name.slice(1)} cannot be mended: ${dockerWords(cause)}`, {
          cause,
        });
      }
    },
  };
}

/** The address of a container on a network, or that it will have there; empty for one that is not on it. */
function addressOf({ NetworkSettings, State }: FoundContainer, network: string): string {
  const endpoint = NetworkSettings.Networks[network];
  return (State.Running ? endpoint?.IPAddress : endpoint?.IPAMConfig.IPv4Address) ?? "";
}

async function connect(
  docker: Docker,
  { Id: Container, NetworkSettings }: FoundContainer,
  { network: name, address: IPv4Address }: Upkeep,
): Promise<void> {
  const network = docker.getNetwork(name);
  if (NetworkSettings.Networks[name] !== undefined) await network.disconnect({ Container, Force: true });
  await network.connect({ Container, EndpointConfig: { IPAMConfig: { IPv4Address } } });
}
