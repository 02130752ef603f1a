import type Docker from "dockerode";
import { endpointsOf } from "../../src/cli/stack-outputs.ts";
import { STACK_LABEL } from "../../src/docker/labels.ts";
import { unlessDown } from "../../src/haproxy/runtime/running-state.ts";
import type { RunningServer } from "../../src/haproxy/runtime/state.ts";
import type { Endpoint } from "../../src/stack/endpoint.ts";
import { STACK_OUTPUTS } from "../../src/stack/outputs.ts";
import { labelledNames } from "./labelled.ts";
import { Load, type LoadResult } from "./load.ts";
import { type Config, docker } from "./running-stack.ts";
import { TestStack, type TestStackOptions } from "./stack.ts";
import type { ProgramRun } from "./started-program.ts";
import type { Machines, Task } from "./swarm.ts";

/** Names machines that a stack has a balancer on. */
const machinesOf = (
  machines: Machines,
  numbers: readonly number[] = machines.numbers,
  dead: readonly number[] = [],
): Config => ({
  machines: Object.fromEntries(
    numbers.map((n) => [
      machines.nameOf(n),
      {
        engine: machines.engineAddressOf(n),
        address: machines.addressOf(n),
        ...(dead.includes(n) && { down: true }),
      },
    ]),
  ),
});

const placeOn = (machines: Machines): Config => ({
  engine: "swarm",
  "swarm.managers": machines.managers,
  ...machinesOf(machines),
});

/** A real stack on the machines of a Swarm; its n-th balancer is on the n-th of them. */
export class SwarmStack extends TestStack {
  readonly machines: Machines;
  #balancers: readonly number[];
  #endpoints: readonly Endpoint[] = [];

  private constructor(machines: Machines, { config, ...options }: TestStackOptions) {
    super({ ...options, config: { ...placeOn(machines), ...config } });
    this.machines = machines;
    this.#balancers = machines.numbers;
  }

  /** Creates the stack, without anything in it. */
  static async createOn(machines: Machines, options: TestStackOptions): Promise<SwarmStack> {
    const stack = new SwarmStack(machines, options);
    await stack.init();
    return stack;
  }

  /** The machines that have a balancer: all of them, unless {@link onMachines} said otherwise. */
  get balancers(): readonly number[] {
    return this.#balancers;
  }

  /** Has balancers on the first so many machines, and on no other. */
  onMachines(count: number): Config {
    this.#balancers = this.machines.numbers.slice(0, count);
    return machinesOf(this.machines, this.#balancers);
  }

  /** Says of some machines that they are dead, so that an update goes on without them, and of no other. */
  withoutMachines(...dead: readonly number[]): Config {
    return machinesOf(this.machines, this.#balancers, dead);
  }

  override urlOf(n: number): string {
    return `http://${this.machines.addressOf(n)}:${this.ports.http}`;
  }

  override runtimeOf(n: number): Endpoint {
    const endpoint = this.#endpoints[n - 1];
    if (endpoint === undefined) throw new Error(`${this.name} is not up on machine ${n}`);
    return endpoint;
  }

  override engineOf(n: number): Docker {
    return this.machines.engineOf(n);
  }

  protected override get environment(): NodeJS.ProcessEnv {
    return { ...super.environment, ...this.machines.environment };
  }

  override async tryUp(changes: Config = {}): Promise<ProgramRun> {
    const run = await super.tryUp(changes);
    if (run.exitCode === 0) {
      await this.readEndpoints();
      await Promise.all(this.#balancers.map((n) => unlessDown(() => this.#letProbe(n))));
    }
    return run;
  }

  /** Has a balancer tell its servers to those that send `X-Balancer-Probe: 1`. It forgets with its worker. */
  async #letProbe(n: number): Promise<void> {
    await this.ask(
      (haproxy) => haproxy.runSteps([haproxy.steps.deleteProbe("1"), haproxy.steps.addProbe("1")]),
      n,
    );
  }

  /** Reads where the runtime APIs answer, after an update that was not done by {@link up}. */
  async readEndpoints(): Promise<void> {
    const words = ["stack", "output", "--json", "--show-secrets", "--stack", this.name];
    const { stdout } = await this.pulumi(...words);
    this.#endpoints = endpointsOf(STACK_OUTPUTS.parse(JSON.parse(stdout)));
  }

  /** Servers that are up on the n-th balancer, in the order of their numbers. */
  async upServers(n: number): Promise<RunningServer[]> {
    const servers = [...(await this.servers(n)).values()];
    return servers.filter(({ isUp }) => isUp).sort((a, b) => a.id - b.id);
  }

  /** The tasks behind so many servers, in their order: s<i> is in front of the service NAME-podinfo<i>. */
  async tasks(count: number): Promise<Task[]> {
    const services = Array.from({ length: count }, (_, index) => `${this.name}-podinfo${index + 1}`);
    return await this.machines.tasksOf(...services);
  }

  /**
   * Names of everything that carries the stack's label, with the machine that has it. Nothing may be on this
   * host's own engine.
   */
  override async resources(): Promise<string[]> {
    const label = `${STACK_LABEL}=${this.name}`;
    const places = [
      ["host", docker] as const,
      ...this.machines.numbers.map((n) => [this.machines.nameOf(n), this.engineOf(n)] as const),
    ];
    const found = places.map(async ([place, engine]) => {
      const names = await labelledNames(engine, label);
      return names.map((name) => `${place}: ${name}`);
    });
    return [...(await Promise.all(found)).flat(), ...(await this.#services(label))].sort();
  }

  async #services(label: string): Promise<string[]> {
    const manager = this.engineOf(await this.machines.leader());
    const services = await manager.listServices({ filters: { label: [label] } });
    return services.map(({ Spec }) => `service: ${Spec?.Name}`);
  }
}

/**
 * A load on each of some balancers. Nobody turns to another one: what a balancer does not answer has failed.
 */
export class LoadOfEach {
  readonly #loads: readonly Load[];

  constructor(urls: readonly string[]) {
    this.#loads = urls.map((url) => new Load(url, { clients: 4 }));
  }

  async settle(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.settle()));
  }

  /** What failed of all that was sent. */
  async stop(): Promise<Pick<LoadResult, "sent" | "failures">> {
    const results = await Promise.all(this.#loads.map((load) => load.stop()));
    return {
      sent: results.reduce((sum, { sent }) => sum + sent, 0),
      failures: results.flatMap(({ failures }) => failures),
    };
  }
}
