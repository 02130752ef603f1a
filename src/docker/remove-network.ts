import type Docker from "dockerode";
import { poll } from "../stack/clock.ts";
import { hasStatus } from "./engine-error.ts";

/** The engine usually takes milliseconds. */
const PATIENCE_MS = 5_000;
const POLL_MS = 50;

/**
 * Removes a network that has no containers any more. After the engine has answered that a container is
 * removed, it may still count the container's endpoint for a moment, and it refuses to remove the network
 * until then.
 * @param id The network's id or name.
 * @throws The engine's error when the network has containers.
 */
export async function removeNetwork(docker: Docker, id: string): Promise<void> {
  const refusal = await poll(() => refusalToRemove(docker, id), {
    until: (error) => error === undefined,
    everyMs: POLL_MS,
    timeoutMs: PATIENCE_MS,
  });
  if (refusal !== undefined) throw refusal;
}

async function refusalToRemove(docker: Docker, id: string): Promise<unknown> {
  try {
    await docker.getNetwork(id).remove();
    return undefined;
  } catch (error) {
    if (!hasStatus(error, 403)) throw error;
    return error;
  }
}
