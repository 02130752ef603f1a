import { execFile } from "node:child_process";
import { pulumiBinary, pulumiEnvironment } from "../../test/harness/pulumi.ts";

/** The surroundings of a run of the CLI. */
export interface Place {
  /** Folder of the Pulumi program. */
  readonly folder: string;
  /** Folder of the state. */
  readonly state: string;
  readonly signal: AbortSignal;
}

/** An interrupted CLI has this time to end its update in order, and is killed then. */
const GRACE_MS = 20_000;

/**
 * Runs the Pulumi CLI and returns what it prints.
 * @param onStart is told the id of its process
 * @throws {Error} The CLI fails. The message has all that it printed.
 */
export async function runPulumi(
  { folder, state, signal }: Place,
  args: readonly string[],
  onStart: (pid: number) => void = () => {},
): Promise<string> {
  signal.throwIfAborted();
  const options = {
    cwd: folder,
    env: pulumiEnvironment(state),
    maxBuffer: 64 * 1024 * 1024,
    detached: true,
  } as const;
  return new Promise((resolve, reject) => {
    // The CLI is detached, so Ctrl-C reaches this process alone, which passes it on once. A second interrupt
    // would kill the CLI half way.
    const child = execFile(
      pulumiBinary(),
      [...args, "--non-interactive", "--color", "never"],
      options,
      (error, stdout, stderr) => {
        signal.removeEventListener("abort", interrupt);
        clearTimeout(killer);
        if (error === null) resolve(stdout);
        else
          reject(
            new Error(`pulumi ${args.join(" ")} in ${folder} failed:\n${stdout}${stderr}`, { cause: error }),
          );
      },
    );
    if (child.pid !== undefined) onStart(child.pid);
    let killer: NodeJS.Timeout | undefined;
    const interrupt = (): void => {
      child.kill("SIGINT");
      killer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    };
    signal.addEventListener("abort", interrupt, { once: true });
  });
}
