import { once } from "node:events";
import { createServer } from "node:net";
import type Docker from "dockerode";
import type { PublishedPort } from "../stack/published-ports.ts";
import type { Topology } from "../stack/topology.ts";
import { isLocalEngine } from "./engine.ts";
import { type EngineAddress, findEngine } from "./engine-address.ts";
import { EngineError } from "./engine-error.ts";
import { type ListedContainer, listContainers } from "./engine-replies.ts";
import { STACK_LABEL } from "./labels.ts";

/**
 * Checks that host ports can be published. Docker itself finds out only after it has created the container,
 * and by then the container before it is gone.
 * @param stack A stack before its update. Its containers give up their ports for it: each to its own
 *   successor, and a balancer to another balancer too.
 * @throws {EngineError} The message names every taken port with its holder, and every address that this host
 *   lacks.
 */
export async function checkPortsFree(
  docker: Docker,
  wanted: readonly PublishedPort[],
  stack?: Pick<Topology, "stack" | "balancers">,
  /** As in `DOCKER_HOST`; the engine that the docker command would talk to without it. */
  host?: string,
): Promise<void> {
  const containers = wanted.length === 0 ? [] : await listContainers(docker);
  const balancers = new Set(stack?.balancers.map(({ containerName }) => containerName));
  const mistakes = new Set<string>();
  const listen = await listenerFor(
    await findEngine(host === undefined ? process.env : { ...process.env, DOCKER_HOST: host }),
  );
  for (const { containerName, key, address, addressKey, port } of wanted) {
    if (addressKey !== undefined && (await listen(address, 0)) === "EADDRNOTAVAIL") {
      mistakes.add(`this host has no address ${address} (${addressKey}); set another ${addressKey}`);
      continue;
    }
    const holders = containers.filter(({ Ports }) =>
      Ports.some(({ IP, PublicPort }) => PublicPort === port && sharesAddress(IP, address)),
    );
    const isGivenUp = ({ name, Labels }: ListedContainer): boolean =>
      stack !== undefined &&
      Labels[STACK_LABEL] === stack.stack &&
      (name === containerName || balancers.has(name));
    const holder = holders.find((each) => !isGivenUp(each));
    const isTaken = holders.length === 0 && (await listen(address, port)) === "EADDRINUSE";
    const who = holder === undefined ? isTaken && "a process of this host" : `container ${holder.name}`;
    if (who !== false)
      mistakes.add(`port ${address}:${port} (${key}) is taken by ${who}; set another ${key}, or stop it`);
  }
  if (mistakes.size > 0) throw new EngineError([...mistakes].join("\n"));
}

const sharesAddress = (a: string, b: string): boolean => a === b || [a, b].includes("0.0.0.0");

/** Nobody can try the ports of another host from here, so there Docker's own error must do. */
const listenerFor = async (engine: EngineAddress): Promise<typeof listen> =>
  (await isLocalEngine(engine)) ? listen : async () => undefined;

/** Listens for a moment, and returns the code of the error that keeps this host from it. */
async function listen(host: string, port: number): Promise<unknown> {
  const server = createServer();
  try {
    await once(server.listen({ host, port, exclusive: true }), "listening");
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : undefined;
  } finally {
    server.close();
  }
}
