import type Docker from "dockerode";
import { poll } from "../stack/clock.ts";
import { dockerWords, EngineError, hasStatus } from "./engine-error.ts";
import { listContainers } from "./engine-replies.ts";

/** For whoever else is on it to leave. */
const LEAVING_MS = 5_000;
/** For the engine to clean up after containers that are gone, which takes it seconds where it has many. */
const CLEANING_MS = 60_000;
const POLL_MS = 50;

/**
 * Removes a network that has no containers any more. After the engine has answered that a container is
 * removed, it may still count the container's endpoint for a while, and it refuses to remove the network
 * until then.
 * @param id The network's id or name.
 * @throws {EngineError} The network has containers, which the message names.
 */
export async function removeNetwork(docker: Docker, id: string): Promise<void> {
  const tryFor = (timeoutMs: number): Promise<unknown> =>
    poll(() => refusalToRemove(docker, id), {
      until: (error) => error === undefined,
      everyMs: POLL_MS,
      timeoutMs,
    });
  let refusal = await tryFor(LEAVING_MS);
  if (refusal === undefined) return;
  const running = await listContainers(docker, { filters: { network: [id] } });
  if (running.length === 0) refusal = await tryFor(CLEANING_MS);
  if (refusal === undefined) return;
  const onIt = running.map(({ name }) => name).sort();
  throw new EngineError(
    `network ${id} cannot be removed: ${dockerWords(refusal)}; on it: ${onIt.join(", ") || "no container"}`,
    { cause: refusal },
  );
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
