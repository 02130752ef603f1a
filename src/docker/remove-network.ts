import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { hasStatus } from "./engine-error.ts";

/** The engine takes milliseconds. */
const PATIENCE_MS = 5_000;
const POLL_MS = 50;

/**
 * Removes a network whose containers are gone. The engine may count their endpoints for a moment after it has answered
 * that a container is removed, and refuses until then.
 * @param id id or name of the network
 * @throws the engine's error when the network has containers
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
