import type Docker from "dockerode";
import { ifFound } from "./engine-error.ts";
import { inspectExisting } from "./engine-replies.ts";
import { textOf } from "./multiplexed.ts";

/**
 * Tells why a container does not do its work: it is paused, has ended, or ends again and again. The result is
 * undefined while the container runs, and when there is none.
 */
export async function whyNotRunning(docker: Docker, name: string): Promise<string | undefined> {
  return ifFound(async () => {
    const { State } = await inspectExisting(docker.getContainer(name));
    if (State.Paused) return `container ${name} is paused; let it go on with: docker unpause ${name}`;
    if (State.Running && !State.Restarting) return undefined;
    const how = State.Restarting ? "keeps ending" : `is ${State.Status}`;
    return `container ${name} ${how}: ${State.Error || (await lastLines(docker, name))}`;
  });
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
