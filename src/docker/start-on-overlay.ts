import type Docker from "dockerode";
import type { Report } from "../haproxy/servers/report.ts";
import { PROGRESS, secondsLeft } from "../haproxy/servers/target.ts";
import { type Clock, poll } from "../stack/clock.ts";
import { dockerWords } from "./engine-error.ts";

/** Far beyond what it takes an engine, which is a second or two. */
const JOINING_MS = 30_000;
const POLL_MS = 500;

/**
 * What an engine says that has not got a Swarm's network yet: as its machine has just booted, it is in the
 * Swarm already, and does not know the network for a moment, or has not heard from a manager in time.
 */
const NOT_YET = /^(network \S+ not found|attaching to network failed\b.*)$/;

/**
 * Starts a container that is on a network of a Swarm, and waits for its machine to know the network.
 * @throws what the engine answered
 */
export async function startOnOverlay(
  container: Pick<Docker.Container, "start">,
  report: Report,
  clock?: Clock,
): Promise<void> {
  const refusal = await poll(() => refusalToStart(container), {
    until: (error) => error === undefined,
    everyMs: POLL_MS,
    timeoutMs: JOINING_MS,
    clock,
    progress: {
      ...PROGRESS,
      tell: (error, leftMs) =>
        report(
          `waits for the machine's network: ${dockerWords(error)}, ${secondsLeft(leftMs)} left`,
          "progress",
        ),
    },
  });
  if (refusal !== undefined) throw refusal;
}

async function refusalToStart(container: Pick<Docker.Container, "start">): Promise<unknown> {
  try {
    await container.start();
    return undefined;
  } catch (error) {
    if (!NOT_YET.test(dockerWords(error))) throw error;
    return error;
  }
}
