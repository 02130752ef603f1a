import { spawn } from "node:child_process";
import { once } from "node:events";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import packageJson from "../../package.json" with { type: "json" };

const PROJECT = join(import.meta.dirname, "../..");

/** `pulumi` ended with an exit code other than 0; it has told why on its own. */
export class PulumiError extends Error {
  override readonly name = "PulumiError";
  readonly exitCode: number;

  constructor(args: readonly string[], exitCode: number) {
    super(`pulumi ${args.join(" ")} ended with exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/**
 * Runs Pulumi on this terminal. An interrupt goes to Pulumi, which ends its update in order; this process waits for it.
 * @throws {PulumiError}
 */
export async function runPulumi(args: readonly string[]): Promise<void> {
  const ignore = (): void => {};
  process.on("SIGINT", ignore);
  try {
    const [code] = await once(
      spawn(binary(), args, { cwd: PROJECT, env: environment(), stdio: "inherit" }),
      "exit",
    );
    if (code !== 0) throw new PulumiError(args, code ?? 1);
  } finally {
    process.off("SIGINT", ignore);
  }
}

/**
 * Runs Pulumi and returns what it prints.
 * @throws {PulumiError}
 */
export async function askPulumi(args: readonly string[]): Promise<string> {
  const child = spawn(binary(), args, {
    cwd: PROJECT,
    env: environment(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  if (code !== 0) throw new PulumiError(args, code ?? 1);
  return printed;
}

/**
 * The CLI itself rather than its npm wrapper, which an interrupt kills while the CLI goes on behind the prompt. Both
 * find it in the same place.
 */
function binary(): string {
  const home = process.env.PULUMI_HOME ?? join(homedir(), ".pulumi");
  return join(home, "versions", packageJson.dependencies.pulumi, "bin", "pulumi");
}

function environment(): NodeJS.ProcessEnv {
  const { PATH = "", PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile } = process.env;
  const passphrase =
    passphraseFile === undefined
      ? { PULUMI_CONFIG_PASSPHRASE: process.env.PULUMI_CONFIG_PASSPHRASE ?? "" }
      : {};
  return {
    ...process.env,
    ...passphrase,
    PATH: [join(PROJECT, "node_modules/.bin"), dirname(binary()), PATH].join(delimiter),
    // The program and its provider start anew in every phase of an update.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(PROJECT, ".setup/compile-cache"),
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
}
