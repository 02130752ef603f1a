import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EMPTY_PASSPHRASE_SALT, pulumiBinary, pulumiEnvironment } from "./pulumi.ts";
import { type ProgramRun, startProgram } from "./started-program.ts";

/** Somebody else's Pulumi program, in a folder of its own with its state. */
export class ProgramFolder {
  readonly folder = mkdtempSync(join(tmpdir(), "balancer-e2e-program-"));
  readonly #state = join(this.folder, "state");

  constructor() {
    mkdirSync(this.#state);
  }

  /** Makes a stack without config. */
  async createStack(name: string): Promise<void> {
    writeFileSync(join(this.folder, `Pulumi.${name}.yaml`), `encryptionsalt: ${EMPTY_PASSPHRASE_SALT}\n`);
    await this.pulumi("stack", "init", name);
  }

  /** Runs the Pulumi CLI as its user does, and fails the test when that fails. */
  async pulumi(...args: readonly string[]): Promise<ProgramRun> {
    return succeeded("pulumi", args, await this.tryPulumi(...args));
  }

  tryPulumi(...args: readonly string[]): Promise<ProgramRun> {
    return this.run(pulumiBinary(), ...args, "--non-interactive", "--color", "never");
  }

  /** Runs a program, such as `npx`, in the folder. */
  run(command: string, ...args: readonly string[]): Promise<ProgramRun> {
    return this.runIn(this.folder, command, args);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  protected runIn(cwd: string, command: string, args: readonly string[]): Promise<ProgramRun> {
    return startProgram(command, args, { cwd, env: pulumiEnvironment(this.#state) }).ended;
  }
}

/** Fails the test when a program has failed. */
export function succeeded(command: string, args: readonly string[], ended: ProgramRun): ProgramRun {
  if (ended.exitCode === 0) return ended;
  throw new Error(`${command} ${args.join(" ")}: ${ended.exitCode}\n${ended.output}`);
}
