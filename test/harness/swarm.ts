import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import Docker from "dockerode";
import { z } from "zod";
import { HAPROXY_IMAGE } from "./haproxy-image.ts";
import { PROJECT } from "./pulumi.ts";
import { PROJECT_DEFAULTS } from "./pulumi-config.ts";
import type { MachinesPlace } from "./stack-places.ts";

const run = promisify(execFile);

/** A connection to a machine that has died is silent for a quarter of an hour. */
const SILENCE_MS = 5_000;

/** How machines of a Swarm shall be. */
export interface MachinesOptions {
  readonly place: MachinesPlace;
  readonly count?: number;
  /** The first so many; all of them without it. */
  readonly managers?: number;
  /** Whether their engines take only clients with a certificate. */
  readonly tls?: boolean;
  /** Images that they have besides HAProxy's and podinfo. */
  readonly images?: readonly string[];
  /** Whether their engines take images from a registry at {@link Machines.hostAddress} without TLS. */
  readonly takeHostRegistry?: boolean;
}

/** A container of a service that shall run, and where it does. */
export interface Task {
  readonly id: string;
  readonly service: string;
  readonly machine: number;
  /** `running`, or what comes before and after that. */
  readonly state: string;
  /** In milliseconds since 1970. */
  readonly createdAt: number;
  /** Without the length of its network's prefix; undefined before it has one. */
  readonly address: string | undefined;
  readonly containerId: string | undefined;
}

const NODES = z.array(
  z.object({
    ID: z.string(),
    Version: z.object({ Index: z.number() }),
    Spec: z.looseObject({}),
    Description: z.object({ Hostname: z.string() }),
    ManagerStatus: z.object({ Leader: z.boolean().optional() }).optional(),
  }),
);
const TASKS = z.array(
  z.object({
    ID: z.string(),
    CreatedAt: z.string(),
    NodeID: z.string().optional(),
    Status: z.object({
      State: z.string(),
      ContainerStatus: z.object({ ContainerID: z.string().optional() }).optional(),
    }),
    NetworksAttachments: z.array(z.object({ Addresses: z.array(z.string()).nullish() })).nullish(),
  }),
);

/**
 * Machines on this one, joined to a Swarm, by the scripts of tools/swarm. There is one such Swarm at a time
 * at a place; what an earlier run left of its own is ended first.
 */
export class Machines {
  /** All of them, from 1. */
  readonly numbers: readonly number[];
  readonly #place: MachinesPlace;
  /** Always the same at a place, so that what a killed run left is found. */
  readonly #folder: string;
  readonly #managers: number;
  readonly #tls: boolean;
  readonly #variables: NodeJS.ProcessEnv;
  readonly #engines = new Map<number, Docker>();

  private constructor(options: MachinesOptions) {
    const { place, count = 3, managers = count, tls = false, images = [] } = options;
    this.#place = place;
    this.#folder = join(tmpdir(), `${place.name}-swarm`);
    this.numbers = Array.from({ length: count }, (_, index) => index + 1);
    this.#managers = managers;
    this.#tls = tls;
    this.#variables = {
      SW_NAME: place.name,
      SW_PREFIX: place.prefix,
      SW_DIR: this.#folder,
      SW_MACHINES: String(count),
      SW_MANAGERS: String(managers),
      SW_IMAGES: [HAPROXY_IMAGE, PROJECT_DEFAULTS.get("app.image"), ...images].join(" "),
      SW_TLS: tls ? "1" : "",
      ...(options.takeHostRegistry === true &&
        Object.fromEntries(
          this.numbers.map((n) => [`SW_OPTIONS_${n}`, `--insecure-registry ${this.hostAddress}/32`]),
        )),
    };
  }

  /** Makes the machines, and waits until all are in the Swarm. */
  static async up(options: MachinesOptions): Promise<Machines> {
    const machines = new Machines(options);
    await machines.down();
    await machines.#script("swarm-up.sh");
    return machines;
  }

  /** Ends what {@link up} makes with these options, however far it came. */
  static async remove(options: MachinesOptions): Promise<void> {
    await new Machines(options).down();
  }

  /** Ends all of them, and leaves nothing. */
  async down(): Promise<void> {
    await this.#script("swarm-down.sh");
  }

  /** Takes a machine's power. */
  async kill(n: number): Promise<void> {
    await this.#script("kill-machine.sh", String(n));
  }

  /** Gives every machine power that has none, and waits until all are in the Swarm. */
  async powerOn(): Promise<void> {
    await this.#script("swarm-up.sh");
  }

  /** Pulls a machine's network cable, or plugs it in again. */
  async cable(n: number, where: "down" | "up"): Promise<void> {
    await this.#script("cable.sh", String(n), where);
  }

  nameOf(n: number): string {
    return `machine${n}`;
  }

  addressOf(n: number): string {
    return `${this.#place.prefix}.${n}`;
  }

  /** Of this host, as the machines have it. */
  get hostAddress(): string {
    return `${this.#place.prefix}.254`;
  }

  /** Where a machine's engine answers, as the docker command takes it. */
  engineAddressOf(n: number): string {
    return `tcp://${this.addressOf(n)}:${this.#enginePort}`;
  }

  get #enginePort(): number {
    return this.#tls ? 2376 : 2375;
  }

  /** Engines of the managers. */
  get managers(): string[] {
    return this.#managerNumbers.map((n) => this.engineAddressOf(n));
  }

  get #managerNumbers(): readonly number[] {
    return this.numbers.slice(0, this.#managers);
  }

  /** What the docker command needs to get into the engines, as environment. */
  get environment(): Readonly<Record<string, string>> {
    return this.#tls ? { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: join(this.#folder, "certs") } : {};
  }

  engineOf(n: number): Docker {
    const engine = this.#engines.get(n) ?? this.#connect(n);
    this.#engines.set(n, engine);
    return engine;
  }

  #connect(n: number): Docker {
    const place = { host: this.addressOf(n), port: this.#enginePort, timeout: SILENCE_MS };
    if (!this.#tls) return new Docker({ protocol: "http", ...place });
    const [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map((name) =>
      readFileSync(join(this.#folder, "certs", name)),
    );
    return new Docker({ protocol: "https", ...place, ca, cert, key });
  }

  /** Whether Swarm runs services on a machine: one that is drained hands over those that it has. */
  async setAvailability(n: number, Availability: "active" | "drain"): Promise<void> {
    const { manager, nodes } = await this.#askManagers();
    const node = nodes.find(({ Description }) => Description.Hostname === this.nameOf(n));
    if (node === undefined) throw new Error(`${this.nameOf(n)} is not in the Swarm`);
    const { ID, Version, Spec } = node;
    await manager.getNode(ID).update({ version: Version.Index, ...Spec, Availability });
  }

  /** Ids of the processes of a machine's engine that run a program; none of them is in a container. */
  async engineProcessesOf(n: number, program: string): Promise<number[]> {
    const { stdout } = await run("ip", ["netns", "pids", `${this.#place.name}-${n}`]);
    const pids = stdout.split("\n").filter((line) => line !== "");
    return pids.filter((pid) => readFileSync(`/proc/${pid}/comm`, "utf8").trim() === program).map(Number);
  }

  /** Number of the machine that leads the Swarm. Rejects while none does. */
  async leader(): Promise<number> {
    const { nodes } = await this.#askManagers();
    const leader = nodes.find(({ ManagerStatus }) => ManagerStatus?.Leader === true);
    if (leader === undefined) throw new Error("the Swarm has no leader");
    return numberOf(leader.Description.Hostname);
  }

  /** The tasks of services that shall run. Swarm may wait for some of them on a machine that is dead. */
  async tasksOf(...services: readonly string[]): Promise<Task[]> {
    const { manager, nodes } = await this.#askManagers();
    const machines = new Map(nodes.map(({ ID, Description }) => [ID, numberOf(Description.Hostname)]));
    const found = services.map(async (service) => {
      const filters = { service: [service], "desired-state": ["running"] };
      const tasks = TASKS.parse(await manager.listTasks({ filters }));
      return tasks.map(({ ID, CreatedAt, NodeID = "", Status, NetworksAttachments }) => ({
        id: ID,
        service,
        machine: machines.get(NodeID) ?? 0,
        state: Status.State,
        createdAt: Date.parse(CreatedAt),
        address: NetworksAttachments?.[0]?.Addresses?.[0]?.replace(/\/\d+$/, ""),
        containerId: Status.ContainerStatus?.ContainerID,
      }));
    });
    return (await Promise.all(found)).flat();
  }

  /** The first manager that knows a leader, and what it says of the machines. */
  #askManagers(): Promise<{ readonly manager: Docker; readonly nodes: z.infer<typeof NODES> }> {
    const managers = this.#managerNumbers.map((n) => this.engineOf(n));
    return Promise.any(
      managers.map(async (manager) => ({ manager, nodes: NODES.parse(await manager.listNodes()) })),
    );
  }

  async #script(name: string, ...args: readonly string[]): Promise<void> {
    const env = { ...process.env, ...this.#variables };
    // Ctrl-C reaches this process alone, which ends the machines in its own time.
    const path = join(PROJECT, "tools/swarm", name);
    await run("setsid", ["--wait", path, ...args], { env }); // its words on stderr are the error's
  }
}

const numberOf = (hostname: string): number => Number(/^machine(\d+)$/.exec(hostname)?.[1]);
