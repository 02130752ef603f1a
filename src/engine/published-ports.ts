import { once } from "node:events";
import { createServer } from "node:net";
import type Docker from "dockerode";
import { EngineError } from "./error.ts";

/** A host port that a container is about to publish, and the config key that names it. */
export interface PublishedPort {
  readonly key: string;
  readonly address: string;
  readonly port: number;
}

/**
 * Looks whether host ports are free, since Docker finds out only after it has created the container.
 * @throws {EngineError} naming every port that is taken, and by whom
 */
export async function checkPortsFree(docker: Docker, wanted: readonly PublishedPort[]): Promise<void> {
  const containers = wanted.length === 0 ? [] : await docker.listContainers();
  const mistakes: string[] = [];
  for (const { key, address, port } of wanted) {
    const holder = containers.find(({ Ports }) => Ports.some(({ IP, PublicPort }) => PublicPort === port && sharesAddress(IP, address)));
    const who = holder === undefined ? await processOn(address, port) : `container ${holder.Names[0]?.slice(1) ?? holder.Id}`;
    if (who !== undefined) mistakes.push(`port ${address}:${port} (${key}) is taken by ${who}; set another ${key}, or stop it`);
  }
  if (mistakes.length > 0) throw new EngineError(mistakes.join("\n"));
}

const sharesAddress = (a: string, b: string): boolean => a === b || [a, b].includes("0.0.0.0");

/** Whether a process of this host listens there; nobody can tell for a remote engine, where Docker's own error must do. */
async function processOn(address: string, port: number): Promise<string | undefined> {
  if (process.env.DOCKER_HOST !== undefined && !process.env.DOCKER_HOST.startsWith("unix:")) return undefined;
  const server = createServer();
  try {
    await once(server.listen({ host: address, port, exclusive: true }), "listening");
    return undefined;
  } catch (error) {
    const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    return isTaken ? "a process of this host" : undefined;
  } finally {
    server.close();
  }
}
