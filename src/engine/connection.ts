import Docker from "dockerode";
import { dockerWords, EngineError } from "./error.ts";

/**
 * Connects to the Docker engine that `DOCKER_HOST` names, or the local one.
 * @throws {EngineError} when it does not answer
 */
export async function connectEngine(): Promise<Docker> {
  const docker = new Docker();
  try {
    await docker.ping();
  } catch (cause) {
    const where = process.env.DOCKER_HOST ?? "the local socket";
    throw new EngineError(`the Docker engine at ${where} is not reachable (${dockerWords(cause)}); start it, or set DOCKER_HOST`, { cause });
  }
  return docker;
}
