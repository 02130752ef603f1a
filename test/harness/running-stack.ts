import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { run } from "../../src/cli/main.ts";
import { STACK_LABEL } from "../../src/docker/labels.ts";
import { Haproxy } from "../../src/haproxy/runtime/client.ts";
import { readState, readStateAndStats } from "../../src/haproxy/runtime/running-state.ts";
import type { RunningServer } from "../../src/haproxy/runtime/state.ts";
import type { Endpoint } from "../../src/stack/endpoint.ts";
import { BACKEND } from "../../src/stack/topology.ts";
import { CapturedCaller } from "./captured-caller.ts";
import { HAPROXY_IMAGE } from "./haproxy-image.ts";
import { workerPid } from "./haproxy-info.ts";
import { labelledNames, removeLabelled } from "./labelled.ts";
import { PROJECT, pulumiEnvironment } from "./pulumi.ts";
import { placeOf, type StackName, type StackPlace } from "./stack-places.ts";
import { type ProgramRun, type StartedProgram, startProgram } from "./started-program.ts";

export const docker = new Docker();

/** As a user types it, to interrupt what runs on a terminal. */
export const CTRL_C = "\u0003";

/** Config of a stack, by dotted key. */
export type Config = Readonly<Record<string, unknown>>;

/** Containers of a stack at its place, however they came there, and the commands that work on them. */
export abstract class RunningStack {
  readonly name: StackName;
  readonly ports: StackPlace["ports"];
  readonly subnet: string;
  /** Of the stack's own, with Pulumi's state in it; a test may keep files there. */
  readonly folder = mkdtempSync(join(tmpdir(), "balancer-e2e-"));
  protected readonly project: string;

  protected constructor(name: StackName, project = PROJECT) {
    this.name = name;
    this.project = project;
    const { subnet, ports } = placeOf(name);
    this.subnet = subnet;
    this.ports = ports;
  }

  /** What keeps the stack at its place. */
  protected get placeConfig(): Config {
    const { subnet, ports } = this;
    return {
      haproxyImage: HAPROXY_IMAGE,
      subnet,
      "ports.http": ports.http,
      "ports.https": ports.https,
      "ports.runtimeTls": ports.runtimeTls,
      "ports.runtime": ports.runtime,
      "ports.stats": ports.stats,
    };
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

  /** The n-th HAProxy, whose connection is closed when nothing is asked for a while. */
  haproxyOf(n: number): Haproxy {
    return new Haproxy(this.runtimeOf(n), BACKEND);
  }

  /** The engine of the n-th HAProxy. */
  engineOf(_n: number): Docker {
    return docker;
  }

  get haproxyName(): string {
    return this.haproxyNameOf(1);
  }

  /** Of the n-th balancer. */
  haproxyNameOf(n: number): string {
    return `${this.name}-haproxy${n}`;
  }

  /**
   * Looks at the n-th HAProxy, and lets it go. It takes ten connections, so ten looks that kept theirs would
   * keep the next one waiting until they are closed for saying nothing.
   */
  async ask<T>(look: (haproxy: Haproxy) => Promise<T>, n = 1): Promise<T> {
    using haproxy = this.haproxyOf(n);
    return await look(haproxy);
  }

  /** What the n-th HAProxy runs, by name. */
  async servers(n = 1): Promise<Map<string, RunningServer>> {
    const { servers } = await this.ask(readState, n);
    return new Map(servers.map((server) => [server.name, server]));
  }

  /**
   * Whether the n-th HAProxy has every server up, by a check that passed. While a check is under way
   * `show servers state` tells no result, and `show stat` that of the one before.
   */
  async areAllUp(n = 1): Promise<boolean> {
    const { state, stats } = await this.ask(readStateAndStats, n);
    return (
      state.servers.every(({ isUp }) => isUp) && stats.every(({ checkStatus }) => checkStatus === "L7OK")
    );
  }

  /** What must stay the same while nothing of the n-th HAProxy restarts. */
  async haproxyIdentity(n = 1): Promise<{ id: string; startedAt: string; pid: string | undefined }> {
    const { Id, State } = await this.engineOf(n).getContainer(this.haproxyNameOf(n)).inspect();
    return { id: Id, startedAt: State.StartedAt, pid: await workerPid(this.runtimeOf(n)) };
  }

  /** Names of everything on the engine that carries the stack's label. */
  resources(): Promise<string[]> {
    return labelledNames(docker, `${STACK_LABEL}=${this.name}`);
  }

  removeLeftovers(): Promise<void> {
    return removeLabelled(docker, `${STACK_LABEL}=${this.name}`);
  }

  /** Ends with the test file: nothing of the stack is left, whatever happened. */
  async dispose(): Promise<void> {
    await this.removeLeftovers();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Of whatever is started for the stack. */
  protected get environment(): NodeJS.ProcessEnv {
    return pulumiEnvironment(this.folder);
  }

  /** Runs one of the project's commands in this process. */
  async command(name: string, ...args: readonly string[]): Promise<ProgramRun> {
    const caller = new CapturedCaller(this.environment);
    await run([name, ...args, "--stack", this.name], caller);
    return caller.run;
  }

  /**
   * Starts one of the project's commands as `npm run` does, in CI, where libraries colour what goes to a
   * pipe.
   */
  startCommand(name: string, ...args: readonly string[]): StartedProgram {
    return this.startIn("node", commandWords(name, [...args, "--stack", this.name]), { CI: "true" });
  }

  /**
   * Starts one of the project's commands on a terminal of 200 columns, where {@link CTRL_C} interrupts it.
   */
  startOnTerminal(name: string, ...args: readonly string[]): StartedProgram {
    const words = ["node", ...commandWords(name, [...args, "--stack", this.name])];
    const line = words.map((word) => `'${word}'`).join(" ");
    return this.startIn(
      "script",
      ["--quiet", "--return", "--command", `stty cols 200; exec ${line}`, "/dev/null"],
      { TERM: "xterm-256color" },
    );
  }

  /** Starts a program where the commands of the project are, with the state of this stack. */
  protected startIn(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): StartedProgram {
    return startProgram(program, args, {
      cwd: this.project,
      env: { ...this.environment, ...env },
    });
  }
}

/** A config as it stands in the stack's file, without the namespace: a group of keys is a map. */
export function groupedConfig(config: Config): Record<string, unknown> {
  const grouped: Record<string, unknown> = {};
  const groups = new Map<string, Record<string, unknown>>();
  for (const [key, value] of Object.entries(config)) {
    if (value === undefined) continue;
    const [group = "", child] = key.split(/\.(.*)/);
    if (child === undefined) grouped[key] = value;
    else {
      const keys = groups.get(group) ?? {};
      keys[child] = value;
      groups.set(group, keys);
      grouped[group] = keys;
    }
  }
  return grouped;
}

const commandWords = (name: string, args: readonly string[]): string[] => ["bin/balancer.js", name, ...args];
