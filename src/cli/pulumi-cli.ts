import { type ChildProcess, type IOType, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import packageJson from "../../package.json" with { type: "json" };
import { callOf, IS_CHECKOUT, projectFolder } from "../stack/checkout.ts";
import type { Caller } from "./caller.ts";

const VERSION = packageJson.dependencies.pulumi;
const REMEDY = IS_CHECKOUT ? `run: ${callOf("setup")}` : "install it, or run: npm install pulumi";

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
 * Runs Pulumi on the caller's terminal. An interrupt goes to Pulumi, which ends its update in order; the
 * command waits for it.
 * @throws {PulumiError}
 */
export async function runPulumi(caller: Caller, args: readonly string[]): Promise<void> {
  const stopIgnoring = caller.onInterrupt(() => {});
  try {
    const child = start(caller, args, ["inherit", caller.stdout === process.stdout ? "inherit" : "pipe"]);
    child.stdout?.pipe(caller.stdout, { end: false });
    await expectDone(child, args);
  } finally {
    stopIgnoring();
  }
}

/**
 * Runs Pulumi and returns what it prints.
 * @throws {PulumiError}
 */
export async function askPulumi(caller: Caller, args: readonly string[]): Promise<string> {
  const child = start(caller, args, ["ignore", "pipe"]);
  const printed = child.stdout === null ? "" : text(child.stdout);
  return (await Promise.all([printed, expectDone(child, args)]))[0];
}

function start(caller: Caller, args: readonly string[], stdio: readonly IOType[]): ChildProcess {
  const stderr = caller.stderr === process.stderr ? "inherit" : "pipe";
  const options: SpawnOptions = { cwd: projectFolder(), env: environment(caller), stdio: [...stdio, stderr] };
  const child = spawn(binary(caller), args, options);
  child.stderr?.pipe(caller.stderr, { end: false });
  return child;
}

/** @throws {Error} when it cannot be started, {PulumiError} when it fails */
async function expectDone(child: ChildProcess, args: readonly string[]): Promise<void> {
  const [code] = await once(child, "close").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") throw cause;
    throw new Error(`Pulumi ${VERSION} is not installed; ${REMEDY}`, { cause });
  });
  if (code !== 0) throw new PulumiError(args, code ?? 1);
}

/**
 * The CLI itself rather than its npm wrapper, which an interrupt kills while the CLI goes on behind the
 * prompt. Both find it in the same place.
 */
function binary({ env }: Caller): string {
  const home = env.PULUMI_HOME ?? join(homedir(), ".pulumi");
  const own = join(home, "versions", VERSION, "bin", "pulumi");
  // Somebody else's program may be used with another version.
  return IS_CHECKOUT || existsSync(own) ? own : "pulumi";
}

function environment(caller: Caller): NodeJS.ProcessEnv {
  const { env } = caller;
  const { PATH = "" } = env;
  const folders = [join(projectFolder(), "node_modules/.bin"), dirname(binary(caller)), PATH];
  return {
    ...env,
    ...(IS_CHECKOUT && ownEnvironment(env)),
    PATH: folders.filter((folder) => folder !== ".").join(delimiter),
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
}

/** Balancer's own stacks have no passphrase, and its checkout keeps what was compiled. */
function ownEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const hasFile = env.PULUMI_CONFIG_PASSPHRASE_FILE !== undefined;
  return {
    ...(!hasFile && { PULUMI_CONFIG_PASSPHRASE: env.PULUMI_CONFIG_PASSPHRASE ?? "" }),
    // The program and its provider start anew in every phase of an update.
    NODE_COMPILE_CACHE: env.NODE_COMPILE_CACHE ?? join(projectFolder(), ".setup/compile-cache"),
  };
}
