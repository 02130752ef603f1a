import { once } from "node:events";
import { createServer } from "node:net";
import type Docker from "dockerode";
import type { PublishedPort } from "../published-ports.ts";
import { EngineError } from "./error.ts";
import { STACK_LABEL } from "./labels.ts";

/**
 * Looks whether host ports can be published, since Docker finds out only after it has created the container, and then
 * the one that it replaces is gone.
 * @param replaced a stack whose containers give their ports up before
 * @throws {EngineError} naming every port that is taken, and by whom, and every address that this host does not have
 */
export async function checkPortsFree(docker: Docker, wanted: readonly PublishedPort[], replaced?: string): Promise<void> {
  const containers = wanted.length === 0 ? [] : await docker.listContainers();
  const mistakes: string[] = [];
  for (const { key, address, addressKey, port } of wanted) {
    const holder = containers.find(({ Ports }) => Ports.some(({ IP, PublicPort }) => PublicPort === port && sharesAddress(IP, address)));
    if (replaced !== undefined && holder?.Labels[STACK_LABEL] === replaced) continue;
    const why = holder === undefined ? await whyNotHere(address, port) : `container ${holder.Names[0]?.slice(1) ?? holder.Id}`;
    if (why === NO_SUCH_ADDRESS) mistakes.push(`this host has no address ${address} (${addressKey ?? key}); set another ${addressKey ?? key}`);
    else if (why !== undefined) mistakes.push(`port ${address}:${port} (${key}) is taken by ${why}; set another ${key}, or stop it`);
  }
  if (mistakes.length > 0) throw new EngineError([...new Set(mistakes)].join("\n"));
}

const sharesAddress = (a: string, b: string): boolean => a === b || [a, b].includes("0.0.0.0");

const NO_SUCH_ADDRESS = Symbol("no such address");

/** What keeps this host from listening there; nobody can tell for a remote engine, where Docker's own error must do. */
async function whyNotHere(address: string, port: number): Promise<string | typeof NO_SUCH_ADDRESS | undefined> {
  if (process.env.DOCKER_HOST !== undefined && !process.env.DOCKER_HOST.startsWith("unix:")) return undefined;
  const server = createServer();
  try {
    await once(server.listen({ host: address, port, exclusive: true }), "listening");
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code === "EADDRINUSE" ? "a process of this host" : code === "EADDRNOTAVAIL" ? NO_SUCH_ADDRESS : undefined;
  } finally {
    server.close();
  }
}
