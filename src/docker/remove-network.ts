import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
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
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      await docker.getNetwork(id).remove();
      return;
    } catch (error) {
      if (!hasStatus(error, 403) || Date.now() > deadline) throw error;
    }
    await sleep(POLL_MS);
  }
}
