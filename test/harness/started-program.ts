import { spawn } from "node:child_process";
import { once } from "node:events";
import { until } from "./until.ts";

/** How a program ended. */
export interface ProgramRun {
  readonly exitCode: number;
  /** stdout and stderr, as they came. */
  readonly output: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that goes on. */
export interface StartedProgram {
  kill(signal: NodeJS.Signals): void;
  /** Types on its terminal, where it has one. */
  type(keys: string): void;
  readonly ended: Promise<ProgramRun>;
  /** Waits until it has told something. */
  seen(pattern: RegExp): Promise<void>;
}

/**
 * What tests start leaves the processor to the containers: HAProxy takes a server out whose check waits for
 * longer than 500 ms, whoever made it wait.
 */
const NICENESS = 5;

/** Where a program runs, and how it gives way to others. */
export interface ProgramPlace {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** As of `nice`; that of what tests start by default. */
  readonly niceness?: number;
}

/** Starts a program and lets the caller watch and interrupt it. */
export function startProgram(
  program: string,
  args: readonly string[],
  { niceness = NICENESS, ...place }: ProgramPlace,
): StartedProgram {
  const child = spawn("nice", ["-n", String(niceness), program, ...args], {
    ...place,
    detached: true, // Ctrl-C reaches this process alone; an update under way comes to its end
  });
  let output = "";
  const parts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
      parts[name] += chunk;
    });
  }
  const ended = once(child, "close").then(
    ([code]): ProgramRun => ({ exitCode: code ?? 1, output, ...parts }),
  );
  const seen = async (pattern: RegExp): Promise<void> => {
    const endsWithout = ended.then(() => {
      if (!pattern.test(output))
        throw new Error(`${program} ${args[0]} ended without telling ${pattern}:\n${output}`);
    });
    await Promise.race([until(async () => pattern.test(output), 60_000), endsWithout]);
  };
  return {
    kill: (signal) => child.kill(signal),
    type: (keys) => child.stdin.write(keys),
    ended,
    seen,
  };
}
