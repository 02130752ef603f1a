import type Docker from "dockerode";
import pMap from "p-map";
import { ifFound } from "./engine-error.ts";
import { inspectContainer, inspectExisting } from "./engine-replies.ts";
import { textOf } from "./multiplexed.ts";

/**
 * Tells why a container does not do its work: it is paused, has ended, or ends again and again. The result is
 * undefined while the container runs, and when there is none.
 * @param keepsEnding whether that is known of it: it may run at the very moment
 */
export async function whyNotRunning(
  docker: Docker,
  name: string,
  { keepsEnding = false } = {},
): Promise<string | undefined> {
  return ifFound(async () => {
    const { State } = await inspectExisting(docker.getContainer(name));
    if (State.Paused) return `container ${name} is paused; let it go on with: docker unpause ${name}`;
    const isEnding = keepsEnding || State.Restarting;
    if (State.Running && !isEnding) return undefined;
    const how = isEnding ? "keeps ending" : `is ${State.Status}`;
    return `container ${name} ${how}: ${State.Error || (await lastLines(docker, name))}`;
  });
}

/** A container that has ended so often while it was waited for is not waited for any longer. */
const HOPELESS_ENDS = 3;
/** Docker takes a container that ran for longer for one that runs, and starts it again at once. */
const SHORT_RUN_MS = 10_000;
/** An engine shall not be asked for hundreds of containers at once. */
const AT_A_TIME = 8;

/**
 * Watches containers that are waited for.
 * @returns a look at some of them, which tells by name why it is no use to wait: the container has ended
 *   three times since the first look, or its short runs had ended as often before. Docker knows the exit
 *   code only between two runs: without it, it takes twice as many ends.
 */
export function watchEnds(docker: Docker) {
  const before = new Map<string, number>();
  const exitCodes = new Map<string, number>();
  const look = async (name: string) => {
    const found = await inspectContainer(docker, name);
    if (found === undefined) return [];
    const { RestartCount: ends, State } = found;
    const since = ends - (before.get(name) ?? ends);
    if (!before.has(name)) before.set(name, ends);
    if (State.Restarting) exitCodes.set(name, State.ExitCode);
    const exitCode = exitCodes.get(name);
    const ranMs = Date.parse(State.FinishedAt) - Date.parse(State.StartedAt);
    const isShort = State.Restarting && ends >= HOPELESS_ENDS && ranMs < SHORT_RUN_MS;
    const mayHaveEnded = exitCode === undefined ? 2 * HOPELESS_ENDS : HOPELESS_ENDS;
    if (since < mayHaveEnded && !isShort) return [];
    const how = exitCode === undefined ? "" : `, with exit code ${exitCode}`;
    return [[name, `its container has ended ${ends} times${how}`] as const];
  };
  return async (names: readonly string[]): Promise<ReadonlyMap<string, string>> =>
    new Map((await pMap(names, look, { concurrency: AT_A_TIME })).flat());
}

/** Reads the last lines that a container printed, and joins them into one line. */
export async function lastLines(docker: Docker, name: string, count = 5): Promise<string> {
  const log = await docker
    .getContainer(name)
    .logs({ stdout: true, stderr: true, tail: count, follow: false });
  const printed = textOf(log).replaceAll(/[^\u0020-\u007e\n]/g, "");
  return (
    printed
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "")
      .join("; ") || "it printed nothing"
  );
}
