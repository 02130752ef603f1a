import { docker } from "./running-stack.ts";
import { until } from "./until.ts";

/**
 * Ends a container's process from outside, as a crash does: Docker starts the container again. `docker kill`
 * counts as a wish of the user's, which no restart policy undoes. Signals a process of the engine, so it
 * takes the right to do that.
 * @returns when it was killed, in milliseconds since 1970
 */
export async function crash(container: string): Promise<number> {
  const { State } = await docker.getContainer(container).inspect();
  const killedAt = Date.now();
  process.kill(State.Pid, "SIGKILL");
  return killedAt;
}

/** Ends a container's process, and waits until Docker has started the container again. */
export async function crashAndRestart(container: string): Promise<number> {
  const { State: before } = await docker.getContainer(container).inspect();
  const killedAt = await crash(container);
  await until(async () => {
    const { State } = await docker.getContainer(container).inspect();
    return State.Running && State.StartedAt !== before.StartedAt;
  });
  return killedAt;
}
