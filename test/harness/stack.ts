import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { stringify } from "yaml";
import { run } from "../../src/cli/main.ts";
import { STACK_LABEL } from "../../src/docker/labels.ts";
import { readState } from "../../src/haproxy/runtime/client.ts";
import type { RunningServer } from "../../src/haproxy/runtime/state.ts";
import type { Endpoint } from "../../src/stack/endpoint.ts";
import { CapturedCaller } from "./captured-caller.ts";
import { workerPid } from "./haproxy-info.ts";
import { removeLabelled } from "./labelled.ts";
import { EMPTY_PASSPHRASE_SALT, PROJECT, pulumiBinary, pulumiEnvironment } from "./pulumi.ts";
import { placeOf, type StackName, type StackPlace } from "./stack-places.ts";
import { type ProgramRun, type StartedProgram, startProgram } from "./started-program.ts";

export const docker = new Docker();

/** Config of a stack, by dotted key. */
export type Config = Readonly<Record<string, unknown>>;

export interface TestStackOptions {
  readonly name: StackName;
  readonly config?: Config;
  /** Where the program is; the project itself unless a test changes the program. */
  readonly project?: string;
}

/** A real stack with its own state, config file, subnet and ports. */
export class TestStack {
  readonly name: StackName;
  readonly ports: StackPlace["ports"];
  readonly subnet: string;
  /** Of the stack's own, with Pulumi's state in it; a test may keep files there. */
  readonly folder = mkdtempSync(join(tmpdir(), "balancer-e2e-"));
  readonly #project: string;
  #config: Config;

  private constructor({ name, config = {}, project = PROJECT }: TestStackOptions) {
    this.name = name;
    this.#project = project;
    const { subnet, ports } = placeOf(name);
    this.subnet = subnet;
    this.ports = ports;
    this.#config = {
      subnet,
      "ports.http": ports.http,
      "ports.https": ports.https,
      "ports.runtimeTls": ports.runtimeTls,
      "ports.runtime": ports.runtime,
      "ports.stats": ports.stats,
      drainTimeout: "5s",
      ...config,
    };
  }

  /** Creates the stack, without anything in it, and removes what an earlier run left under its name. */
  static async create(options: TestStackOptions): Promise<TestStack> {
    const stack = new TestStack(options);
    await stack.removeLeftovers();
    stack.#writeConfig();
    const { exitCode, output } = await stack.pulumi("stack", "init", stack.name, "--no-select");
    if (exitCode !== 0) throw new Error(output);
    return stack;
  }

  /** Ignored by git. */
  get #configFile(): string {
    return join(this.#project, `stacks/Pulumi.${this.name}.yaml`);
  }

  get url(): string {
    return this.urlOf(1);
  }

  /** Of the n-th balancer. */
  urlOf(n: number): string {
    return `http://127.0.0.1:${this.ports.http + n - 1}`;
  }

  /** Of the n-th balancer, with TLS. */
  httpsUrlOf(n: number): string {
    return `https://127.0.0.1:${this.ports.https + n - 1}`;
  }

  /** From where requests of this machine reach a container. */
  get gateway(): string {
    return this.subnet.replace(/0\/24$/, "1");
  }

  get runtime(): Endpoint {
    return this.runtimeOf(1);
  }

  /** Of the n-th balancer. */
  runtimeOf(n: number): Endpoint {
    return { kind: "tcp", host: "127.0.0.1", port: this.ports.runtime + n - 1 };
  }

  get haproxyName(): string {
    return this.haproxyNameOf(1);
  }

  /** Of the n-th balancer. */
  haproxyNameOf(n: number): string {
    return `${this.name}-haproxy${n}`;
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

  /** Ends with the test file: nothing of the stack is left, whatever happened. */
  async dispose(): Promise<void> {
    await this.removeLeftovers();
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.#configFile, { force: true });
  }

  /** What the n-th HAProxy runs, by name. */
  async servers(n = 1): Promise<Map<string, RunningServer>> {
    const { servers } = await readState(this.runtimeOf(n), "webservers");
    return new Map(servers.map((server) => [server.name, server]));
  }

  /** Whether the n-th HAProxy has every server up, by a check that passed. */
  async areAllUp(n = 1): Promise<boolean> {
    return [...(await this.servers(n)).values()].every(({ isUp, hasPassed }) => isUp && hasPassed);
  }

  /** What must stay the same while nothing of the n-th HAProxy restarts. */
  async haproxyIdentity(n = 1): Promise<{ id: string; startedAt: string; pid: string | undefined }> {
    const { Id, State } = await docker.getContainer(this.haproxyNameOf(n)).inspect();
    return { id: Id, startedAt: State.StartedAt, pid: await workerPid(this.runtimeOf(n)) };
  }

  /** Names of everything on the engine that carries the stack's label. */
  async resources(): Promise<string[]> {
    const filters = { label: [`${STACK_LABEL}=${this.name}`] };
    const [containers, networks, { Volumes: volumes }] = await Promise.all([
      docker.listContainers({ all: true, filters }),
      docker.listNetworks({ filters }),
      docker.listVolumes({ filters }),
    ]);
    return [
      ...containers.map(({ Names }) => Names[0]?.slice(1) ?? ""),
      ...networks.map(({ Name }) => Name),
      ...(volumes ?? []).map(({ Name }) => Name),
    ].sort();
  }

  /** Every file that Pulumi keeps of the stack. */
  stateFiles(): string[] {
    const entries = readdirSync(this.folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  }

  removeLeftovers(): Promise<void> {
    return removeLabelled(docker, `${STACK_LABEL}=${this.name}`);
  }

  /** Runs the Pulumi CLI in the stack's project. */
  pulumi(...args: readonly string[]): Promise<ProgramRun> {
    return this.start(args).ended;
  }

  /** Starts the Pulumi CLI and lets the caller watch and interrupt it. */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): StartedProgram {
    return this.#start(pulumiBinary(), [...args, "--non-interactive", "--color", "never"], env);
  }

  /** Runs one of the project's commands in this process. */
  async command(name: string, ...args: readonly string[]): Promise<ProgramRun> {
    const caller = new CapturedCaller(pulumiEnvironment(this.folder));
    await run([name, ...args, "--stack", this.name], caller);
    return caller.run;
  }

  /** Starts one of the project's commands as `npm run` does, in CI, where libraries colour what goes to a pipe. */
  startCommand(name: string, ...args: readonly string[]): StartedProgram {
    return this.#start("node", commandWords(name, [...args, "--stack", this.name]), { CI: "true" });
  }

  /** Runs one of the project's commands on a terminal of 200 columns, and interrupts it after some seconds. */
  commandOnTerminal(name: string, args: readonly string[], seconds: number): Promise<ProgramRun> {
    const words = [
      "timeout",
      "--preserve-status",
      "--signal=INT",
      String(seconds),
      "node",
      ...commandWords(name, [...args, "--stack", this.name]),
    ];
    const line = words.map((word) => `'${word}'`).join(" ");
    return this.#start(
      "script",
      ["--quiet", "--return", "--command", `stty cols 200; ${line}`, "/dev/null"],
      { TERM: "xterm-256color" },
    ).ended;
  }

  #start(program: string, args: readonly string[], env: Readonly<Record<string, string>>): StartedProgram {
    return startProgram(program, args, {
      cwd: this.#project,
      env: { ...pulumiEnvironment(this.folder), ...env },
    });
  }

  #writeConfig(): void {
    const config: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(this.#config)) {
      if (value === undefined) continue;
      const [group, child] = key.split(/\.(.*)/);
      if (child === undefined || group === undefined) config[`balancer:${key}`] = value;
      else
        config[`balancer:${group}`] = {
          ...(config[`balancer:${group}`] as object | undefined),
          [child]: value,
        };
    }
    writeFileSync(this.#configFile, stringify({ encryptionsalt: EMPTY_PASSPHRASE_SALT, config }));
  }
}

const commandWords = (name: string, args: readonly string[]): string[] => ["bin/balancer.js", name, ...args];
