import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import Docker from "dockerode";
import { stringify } from "yaml";
import packageJson from "../../package.json" with { type: "json" };
import { STACK_LABEL } from "../../src/docker/labels.ts";
import { readState } from "../../src/haproxy/runtime/client.ts";
import type { RunningServer } from "../../src/haproxy/runtime/state.ts";
import type { Endpoint } from "../../src/stack/endpoint.ts";
import { workerPid } from "./haproxy-info.ts";
import { removeLabelled } from "./labelled.ts";
import { until } from "./until.ts";

export const docker = new Docker();
export const PROJECT = join(import.meta.dirname, "../..");

/** How a run of the Pulumi CLI ended. */
export interface PulumiRun {
  readonly exitCode: number;
  /** stdout and stderr, as they came. */
  readonly output: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of the Pulumi CLI that goes on. */
export interface StartedPulumi {
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<PulumiRun>;
  /** Waits until it has told something. */
  seen(pattern: RegExp): Promise<void>;
}

/** Config of a stack, by dotted key. */
export type Config = Readonly<Record<string, unknown>>;

/** Each test stack has a number, from which its subnet and ports follow, so that stacks never meet. */
export interface TestStackOptions {
  readonly name: string;
  readonly number: number;
  readonly config?: Config;
  /** Where the program is; the project itself unless a test changes the program. */
  readonly project?: string;
}

/** So many ports of each kind are free for a test stack's balancers. */
const MOST_BALANCERS = 3;

/** A real stack with its own state, config file, subnet and ports. */
export class TestStack {
  readonly name: string;
  readonly ports: {
    readonly http: number;
    readonly https: number;
    readonly runtime: number;
    readonly runtimeTls: number;
    readonly stats: number;
  };
  readonly subnet: string;
  /** Of the stack's own, with Pulumi's state in it; a test may keep files there. */
  readonly folder = mkdtempSync(join(tmpdir(), "balancer-e2e-"));
  readonly #project: string;
  #config: Config;

  private constructor({ name, number, config = {}, project = PROJECT }: TestStackOptions) {
    this.name = name;
    this.#project = project;
    this.subnet = `172.28.${100 + number}.0/24`;
    const first = 20_000 + number * 10;
    this.ports = {
      http: first,
      https: first + 1_000,
      runtimeTls: first + 1_000 + MOST_BALANCERS,
      runtime: first + MOST_BALANCERS,
      stats: first + 2 * MOST_BALANCERS,
    };
    this.#config = {
      subnet: this.subnet,
      "ports.http": this.ports.http,
      "ports.https": this.ports.https,
      "ports.runtimeTls": this.ports.runtimeTls,
      "ports.runtime": this.ports.runtime,
      "ports.stats": this.ports.stats,
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

  async tryUp(changes: Config = {}): Promise<PulumiRun> {
    this.configure(changes);
    return this.pulumi("up", "--yes", "--skip-preview", "--stack", this.name);
  }

  /** Starts an update that the caller interrupts. */
  startUp(changes: Config): StartedPulumi {
    this.configure(changes);
    return this.start(["up", "--yes", "--skip-preview", "--stack", this.name]);
  }

  preview(): Promise<PulumiRun> {
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
  pulumi(...args: readonly string[]): Promise<PulumiRun> {
    return this.start(args).ended;
  }

  /** Starts the Pulumi CLI and lets the caller watch and interrupt it. */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): StartedPulumi {
    return this.#spawn(pulumiBinary(), [...args, "--non-interactive", "--color", "never"], env);
  }

  /** Runs one of the project's commands, as `npm run` does. */
  command(name: string, ...args: readonly string[]): Promise<PulumiRun> {
    return this.startCommand(name, ...args).ended;
  }

  /** In CI, where libraries colour what goes to a pipe. */
  startCommand(name: string, ...args: readonly string[]): StartedPulumi {
    return this.#spawn("node", commandWords(name, [...args, "--stack", this.name]), { CI: "true" });
  }

  /** Runs one of the project's commands on a terminal of 200 columns, and interrupts it after some seconds. */
  commandOnTerminal(name: string, args: readonly string[], seconds: number): Promise<PulumiRun> {
    const words = [
      "timeout",
      "--preserve-status",
      "--signal=INT",
      String(seconds),
      "node",
      ...commandWords(name, [...args, "--stack", this.name]),
    ];
    const line = words.map((word) => `'${word}'`).join(" ");
    return this.#spawn(
      "script",
      ["--quiet", "--return", "--command", `stty cols 200; ${line}`, "/dev/null"],
      { TERM: "xterm-256color" },
    ).ended;
  }

  #spawn(program: string, args: readonly string[], env: Readonly<Record<string, string>>): StartedPulumi {
    // detached: Ctrl-C reaches this process alone; an update under way comes to its end
    const child = spawn(program, args, {
      cwd: this.#project,
      env: { ...process.env, ...environment(this.folder), ...env },
      detached: true,
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
      ([code]): PulumiRun => ({ exitCode: code ?? 1, output, ...parts }),
    );
    const seen = async (pattern: RegExp): Promise<void> => {
      const endsWithout = ended.then(() => {
        if (!pattern.test(output)) throw new Error(`pulumi ended without telling ${pattern}:\n${output}`);
      });
      await Promise.race([until(async () => pattern.test(output), 60_000), endsWithout]);
    };
    return { kill: (signal) => child.kill(signal), ended, seen };
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

const commandWords = (name: string, args: readonly string[]): string[] => [
  `src/cli/commands/${name}.ts`,
  ...args,
];

/** Belongs to the empty passphrase, as in stacks/. */
const EMPTY_PASSPHRASE_SALT = "v1:Jy9aIz+v1Hs=:v1:+vhviZemvU+cMVih:qy+BcRIEeFiaYURhLi4z0H7siv4ruw==";

const pulumiBinary = (): string =>
  join(
    process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"),
    "versions",
    packageJson.dependencies.pulumi,
    "bin/pulumi",
  );

const environment = (folder: string): Record<string, string> => ({
  PULUMI_BACKEND_URL: `file://${folder}`,
  PULUMI_CONFIG_PASSPHRASE: "",
  PULUMI_SKIP_UPDATE_CHECK: "true",
  PATH: [join(PROJECT, "node_modules/.bin"), dirname(pulumiBinary()), process.env.PATH ?? ""].join(delimiter),
});
