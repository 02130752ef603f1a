import { execFile } from "node:child_process";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };

export const PROJECT = join(import.meta.dirname, "../..");

/** Where a run of the CLI happens. */
export interface Place {
  /** Folder of the Pulumi program. */
  readonly folder: string;
  /** Folder of the state. */
  readonly state: string;
  readonly signal: AbortSignal;
}

/** An interrupted CLI ends its update in order; one that does not is killed. */
const GRACE_MS = 20_000;

/**
 * Runs the Pulumi CLI and returns what it prints.
 * @throws when it fails, with all that it printed
 */
export async function runPulumi({ folder, state, signal }: Place, args: readonly string[]): Promise<string> {
  signal.throwIfAborted();
  const options = {
    cwd: folder,
    env: environment(state),
    maxBuffer: 64 * 1024 * 1024,
    detached: true,
  } as const;
  return new Promise((resolve, reject) => {
    // detached: Ctrl-C reaches this process alone, which passes it on once; a second one would kill the CLI half way
    const child = execFile(
      binary(),
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
    let killer: NodeJS.Timeout | undefined;
    const interrupt = (): void => {
      child.kill("SIGINT");
      killer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    };
    signal.addEventListener("abort", interrupt, { once: true });
  });
}

/** The CLI itself, not its npm wrapper, which is not part of what is compared. */
const binary = (): string =>
  join(
    process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"),
    "versions",
    packageJson.dependencies.pulumi,
    "bin/pulumi",
  );

/** As the npm commands set it. */
const environment = (state: string): NodeJS.ProcessEnv => ({
  ...process.env,
  PULUMI_BACKEND_URL: `file://${state}`,
  PULUMI_CONFIG_PASSPHRASE: "",
  PULUMI_SKIP_UPDATE_CHECK: "true",
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(PROJECT, ".setup/compile-cache"),
  PATH: [join(PROJECT, "node_modules/.bin"), dirname(binary()), process.env.PATH ?? ""].join(delimiter),
});
