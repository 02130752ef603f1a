import Docker from "dockerode";
import { LOOPBACK } from "../stack/topology.ts";
import { dockerWords, EngineError } from "./engine-error.ts";

/** A Docker engine. Other rooms hold it, and only this room talks to it. */
export type Engine = Docker;

/** Tells the host name or address of the engine's host: the one in `DOCKER_HOST`, or loopback. */
export const engineHost = (dockerHost = process.env.DOCKER_HOST ?? ""): string =>
  URL.parse(dockerHost)?.hostname || LOOPBACK;

/**
 * Connects to the Docker engine that `DOCKER_HOST` names, or the local one.
 * @throws {EngineError} The engine does not answer.
 */
export async function connectEngine(): Promise<Docker> {
  const docker = new Docker();
  try {
    await docker.ping();
  } catch (cause) {
    const where = process.env.DOCKER_HOST ?? "the local socket";
    throw new EngineError(
      `the Docker engine at ${where} is not reachable (${dockerWords(cause)}); start it, or set DOCKER_HOST`,
      { cause },
    );
  }
  return docker;
}
