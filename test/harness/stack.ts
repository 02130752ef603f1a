import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { EMPTY_PASSPHRASE_SALT, pulumiBinary } from "./pulumi.ts";
import { type Config, groupedConfig, RunningStack } from "./running-stack.ts";
import type { StackName } from "./stack-places.ts";
import type { ProgramRun, StartedProgram } from "./started-program.ts";

export interface TestStackOptions {
  readonly name: StackName;
  readonly config?: Config;
  /** Where the program is; the project itself unless a test changes the program. */
  readonly project?: string;
}

/** A real stack with its own state, config file, subnet and ports. */
export class TestStack extends RunningStack {
  #config: Config;

  protected constructor({ name, config = {}, project }: TestStackOptions) {
    super(name, project);
    this.#config = { ...this.placeConfig, drainTimeout: "5s", ...config };
  }

  /** Creates the stack, without anything in it, and removes what an earlier run left under its name. */
  static async create(options: TestStackOptions): Promise<TestStack> {
    const stack = new TestStack(options);
    await stack.init();
    return stack;
  }

  protected async init(): Promise<void> {
    await this.removeLeftovers();
    this.#writeConfig();
    const { exitCode, output } = await this.pulumi("stack", "init", this.name, "--no-select");
    if (exitCode !== 0) throw new Error(output);
  }

  /** Ignored by git. */
  get #configFile(): string {
    return join(this.project, `stacks/Pulumi.${this.name}.yaml`);
  }

  /** Changes config keys; undefined takes a key away. */
  configure(changes: Config): void {
    this.#config = { ...this.#config, ...changes };
    this.#writeConfig();
  }

  /** Brings the stack to what is configured, and fails the test when that fails. */
  async up(changes: Config = {}): Promise<string> {
    const { exitCode, output } = await this.tryUp(changes);
    if (exitCode !== 0) throw new Error(`pulumi up ended with exit code ${exitCode}:\n${output}`);
    return output;
  }

  async tryUp(changes: Config = {}): Promise<ProgramRun> {
    this.configure(changes);
    return this.pulumi("up", "--yes", "--skip-preview", "--stack", this.name);
  }

  /** Starts an update that the caller interrupts. */
  startUp(changes: Config): StartedProgram {
    this.configure(changes);
    return this.start(["up", "--yes", "--skip-preview", "--stack", this.name]);
  }

  preview(): Promise<ProgramRun> {
    return this.pulumi("preview", "--diff", "--stack", this.name);
  }

  async destroy(): Promise<void> {
    const { exitCode, output } = await this.pulumi(
      "destroy",
      "--yes",
      "--skip-preview",
      "--stack",
      this.name,
    );
    if (exitCode !== 0) throw new Error(`pulumi destroy ended with exit code ${exitCode}:\n${output}`);
  }

  async outputs(): Promise<Record<string, unknown>> {
    const { output } = await this.pulumi("stack", "output", "--json", "--stack", this.name);
    return JSON.parse(output);
  }

  override async dispose(): Promise<void> {
    await super.dispose();
    rmSync(this.#configFile, { force: true });
  }

  /** Every file that Pulumi keeps of the stack. */
  stateFiles(): string[] {
    const entries = readdirSync(this.folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  }

  /** Runs the Pulumi CLI in the stack's project. */
  pulumi(...args: readonly string[]): Promise<ProgramRun> {
    return this.start(args).ended;
  }

  /** Starts the Pulumi CLI and lets the caller watch and interrupt it. */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): StartedProgram {
    return this.startIn(pulumiBinary(), [...args, "--non-interactive", "--color", "never"], env);
  }

  #writeConfig(): void {
    const entries = Object.entries(groupedConfig(this.#config));
    const config = Object.fromEntries(entries.map(([key, value]) => [`balancer:${key}`, value]));
    writeFileSync(this.#configFile, stringify({ encryptionsalt: EMPTY_PASSPHRASE_SALT, config }));
  }
}
