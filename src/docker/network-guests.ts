import type Docker from "dockerode";
import type { Topology } from "../stack/topology.ts";
import { EngineError } from "./engine-error.ts";
import { listContainers } from "./engine-replies.ts";
import { isOfStack, type Labels } from "./labels.ts";
import { isAsideName } from "./set-aside.ts";

/** A container on a network. */
interface Connected {
  readonly id: string;
  readonly name: string;
  readonly labels: Labels;
  /** What it has, or asks for with its next start. Empty if it takes what it gets then. */
  readonly address: string;
  readonly isStopped: boolean;
}

/**
 * Checks that nobody has an address that a stack gives to a container of its own, or gets it with his next
 * start. Docker itself finds out when the stack's container starts, and by then others have been replaced.
 * @throws {EngineError} The message names every such address with its holder.
 */
export async function checkAddressesFree(docker: Docker, topology: Topology): Promise<void> {
  const { network, balancers, servers, standIn, monitoring } = topology;
  const watching = monitoring ? [monitoring.prometheus, monitoring.grafana] : [];
  const own = [...balancers, ...servers, standIn, ...watching];
  const connected = await findConnected(docker, network.name);
  const running = new Set(connected.flatMap(({ name, isStopped }) => (isStopped ? [] : [name])));
  const mistakes = connected.flatMap(({ name, address, labels, isStopped }) => {
    const place = own.findIndex((each) => each.address === address);
    const owner = own[place]?.containerName;
    if (owner === undefined || owner === name) return [];
    // Whoever is stopped cannot start where the owner runs, and what is set aside waits for the way back.
    const isSetAside = isOfStack(labels, topology.stack) && isAsideName(name);
    if (isStopped && (isSetAside || running.has(owner))) return [];
    // A balancer at another address is back at its own before whoever comes after it is made.
    if (balancers.slice(0, place).some(({ containerName }) => containerName === name)) return [];
    return [
      `address ${address} of ${owner} is taken by container ${name}; ${disconnect(network.name, name)}`,
    ];
  });
  if (mistakes.length > 0) throw new EngineError(mistakes.sort().join("\n"));
}

/**
 * Checks that nobody else's container runs on a stack's network, which Docker would not remove then. One that
 * is stopped does not keep it.
 * @param network The network's name.
 * @param isOurs Tells by its labels whether a container is the stack's.
 * @returns The ids of the stack's containers that run on it.
 * @throws {EngineError} The message names every such container.
 */
export async function checkNoGuests(
  docker: Docker,
  network: string,
  isOurs: (labels: Labels) => boolean,
): Promise<string[]> {
  const running = (await findConnected(docker, network)).filter(({ isStopped }) => !isStopped);
  const mistakes = running.flatMap(({ name, labels }) =>
    isOurs(labels) ? [] : [`container ${name} is on network ${network}; ${disconnect(network, name)}`],
  );
  if (mistakes.length > 0) throw new EngineError(mistakes.sort().join("\n"));
  return running.map(({ id }) => id);
}

async function findConnected(docker: Docker, network: string): Promise<Connected[]> {
  const listed = await listContainers(docker, { all: true, filters: { network: [network] } });
  return listed.flatMap(({ Id, name, Labels, State, NetworkSettings }) => {
    const endpoint = NetworkSettings.Networks[network];
    if (endpoint === undefined) return [];
    const isStopped = ["created", "exited", "dead"].includes(State);
    const address = (isStopped ? "" : endpoint.IPAddress) || endpoint.IPAMConfig.IPv4Address;
    return [{ id: Id, name, labels: Labels, address, isStopped }];
  });
}

const disconnect = (network: string, container: string): string =>
  `disconnect it first (docker network disconnect ${network} ${container})`;
