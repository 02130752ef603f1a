import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { removeLabelled } from "../../test/harness/labelled.ts";
import { EMPTY_PASSPHRASE_SALT, PROJECT } from "../../test/harness/pulumi.ts";
import { docker } from "../../test/harness/running-stack.ts";
import { time } from "../samples.ts";
import { runPulumi } from "./cli.ts";
import { type ProcessKind, ProcessWatch } from "./processes.ts";

/** A stack to be measured. */
export interface StackOptions {
  readonly name: string;
  /** Folder of the Pulumi program. */
  readonly folder: string;
  /** Config namespace. */
  readonly namespace: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Everything that the stack has on the engine carries this Docker label, `name=value`. */
  readonly label: string;
  /** Folder of its state. */
  readonly state: string;
  readonly signal: AbortSignal;
}

/** A stack with its own state, config file, subnet and ports. */
export class BenchStack {
  readonly #options: StackOptions;
  readonly #configFile: string;
  #summary = "";

  constructor(options: StackOptions) {
    this.#options = options;
    this.#configFile = join(PROJECT, "stacks", `Pulumi.${options.name}.yaml`);
  }

  /** Makes the stack, after removing what a killed run left of it. */
  async create(count: number): Promise<void> {
    await this.remove();
    mkdirSync(this.#options.state, { recursive: true, mode: 0o700 });
    this.#writeConfig(count);
    await runPulumi(this.#options, ["stack", "init", this.#options.name, "--no-select"]);
    await this.up(count);
  }

  /**
   * Brings the stack to so many app containers.
   * @returns Milliseconds that this took.
   */
  async up(count: number, ...flags: readonly string[]): Promise<number> {
    this.#writeConfig(count);
    return time(async () => this.#update(flags));
  }

  /** Makes an update to the same count, and returns the seconds of processor that its processes have had. */
  async processorSeconds(): Promise<ReadonlyMap<ProcessKind | "other", number>> {
    using watch = new ProcessWatch();
    await this.#update([], (pid) => watch.start(pid));
    return watch.seconds;
  }

  async #update(flags: readonly string[], onStart?: (pid: number) => void): Promise<void> {
    const words = ["up", "--yes", "--skip-preview", "--stack", this.#options.name, ...flags];
    const printed = await runPulumi(this.#options, words, onStart);
    this.#summary = /^Resources:\n(.*?)\n\n/ms.exec(printed)?.[1] ?? printed;
  }

  /** Pulumi's summary of the latest update, such as `+ 1 created`. */
  get summary(): string {
    return this.#summary.replaceAll(/\s+/g, " ").trim();
  }

  /** Removes all of the stack without Pulumi, so nothing is left whatever happened. */
  async remove(): Promise<void> {
    await removeLabelled(docker, this.#options.label);
    rmSync(this.#options.state, { recursive: true, force: true });
    rmSync(this.#configFile, { force: true });
  }

  #writeConfig(count: number): void {
    const { namespace, config } = this.#options;
    const entries = Object.entries({ ...config, count: String(count) }).map(([key, value]) => [
      `${namespace}:${key}`,
      value,
    ]);
    writeFileSync(
      this.#configFile,
      stringify({ encryptionsalt: EMPTY_PASSPHRASE_SALT, config: Object.fromEntries(entries) }),
    );
  }
}
