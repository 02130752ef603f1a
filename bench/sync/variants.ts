import { serverArguments } from "../../src/haproxy/file/server-line.ts";
import { Haproxy } from "../../src/haproxy/runtime/client.ts";
import type { RunningState } from "../../src/haproxy/runtime/running-state.ts";
import { sync } from "../../src/haproxy/servers/sync.ts";
import { BACKEND, type Server } from "../../src/stack/topology.ts";
import { time } from "../samples.ts";
import { type Exchange, watchExchanges } from "./exchanges.ts";
import { CHECK, ENDPOINT, REVISION } from "./haproxy.ts";
import { ask, RawConnection, runOneByOne, waitUp } from "./raw.ts";

/** Times of one way from no servers to all of them, or back. */
export interface Sample {
  readonly totalMs: number;
  /** In this part HAProxy had all commands, and only its health checks were waited for. */
  readonly waitingMs: number;
}

/** A way to change the server list. `up` starts from none, `down` from all. */
export interface Variant {
  up(): Promise<Sample>;
  down(): Promise<Sample>;
}

/** The parts of a sync's time, in milliseconds. */
export interface Profile {
  readonly changing: number;
  readonly waiting: number;
  /** Time to read the state before the changes and after the wait. */
  readonly reading: number;
  /** Time to parse, plan and check answers: no answer is due, and nothing is waited for. */
  readonly computing: number;
  readonly bytesRead: number;
}

/** A line that only looks is shorter than this, and every measured change of the server list is longer. */
const CHANGE_BYTES = 1_000;

/** Balancer's own way: it reads, plans, adds and proves up, or drains and removes. */
export class SyncVariant implements Variant {
  readonly #servers: readonly Server[];
  readonly profiles: { readonly up: Profile[]; readonly down: Profile[] } = { up: [], down: [] };
  /** The state after the latest `up`. */
  running: RunningState = { servers: [], revision: undefined };

  constructor(servers: readonly Server[]) {
    this.#servers = servers;
  }

  async up(): Promise<Sample> {
    return this.#measure("up", this.#servers);
  }

  async down(): Promise<Sample> {
    return this.#measure("down", []);
  }

  async #measure(way: "up" | "down", servers: readonly Server[]): Promise<Sample> {
    using haproxy = new Haproxy(ENDPOINT, BACKEND);
    const target = {
      haproxy,
      revision: REVISION,
      servers,
      check: CHECK,
      stateFile: { write: async () => {}, remove: async () => {} }, // nothing is reloaded
      drainTimeoutMs: 30_000,
      readyTimeoutMs: 60_000,
    };
    const start = performance.now();
    const exchanges = await watchExchanges(async () => {
      const state = await sync(target, () => {});
      if (state.servers.length !== servers.length)
        throw new Error(`sync left ${state.servers.length} servers, not ${servers.length}`);
      if (way === "up") this.running = state;
    });
    const totalMs = performance.now() - start;
    const profile = profileOf(exchanges, { totalMs, isProving: way === "up" });
    this.profiles[way].push(profile);
    return { totalMs, waitingMs: profile.waiting };
  }
}

/** After the last change the proof looks again and again, and the last exchange reads the result. */
function profileOf(
  exchanges: readonly Exchange[],
  { totalMs, isProving }: { totalMs: number; isProving: boolean },
): Profile {
  const isChange = ({ bytesSent }: Exchange): boolean => bytesSent > CHANGE_BYTES;
  const lastChange = exchanges.findLastIndex(isChange);
  const [from, to] = [exchanges[lastChange]?.answeredAtMs ?? 0, exchanges.at(-1)?.askedAtMs ?? 0];
  const waiting = isProving ? to - from : 0;
  const spent = (list: readonly Exchange[]): number =>
    list.reduce((sum, { askedAtMs, answeredAtMs }) => sum + answeredAtMs - askedAtMs, 0);
  const changing = spent(exchanges.filter(isChange));
  const looks = exchanges.filter(
    (exchange, index) =>
      !isChange(exchange) && (!isProving || index < lastChange || index === exchanges.length - 1),
  );
  const reading = spent(looks);
  const bytesRead = exchanges.reduce((sum, exchange) => sum + exchange.bytesRead, 0);
  return { changing, waiting, reading, computing: totalMs - changing - waiting - reading, bytesRead };
}

/** Sends the bare commands in lines of 16,000 bytes over one connection. */
export class BatchedVariant implements Variant {
  readonly #servers: readonly Server[];

  constructor(servers: readonly Server[]) {
    this.#servers = servers;
  }

  async up(): Promise<Sample> {
    const start = performance.now();
    const connection = await RawConnection.open(ENDPOINT);
    expectTimes(
      await connection.run(this.#servers.flatMap(addCommands)),
      "New server registered.",
      this.#servers.length,
    );
    const waitingMs = await time(() => waitUp(() => connection.run([SHOW_STATE]), this.#servers.length));
    connection.close();
    return { totalMs: performance.now() - start, waitingMs };
  }

  async down(): Promise<Sample> {
    const totalMs = await time(async () => {
      const connection = await RawConnection.open(ENDPOINT);
      expectTimes(
        await connection.run(this.#servers.flatMap(removeCommands)),
        "Server deleted.",
        this.#servers.length,
      );
      connection.close();
    });
    return { totalMs, waitingMs: 0 };
  }
}

/** Sends the same commands over a connection each, as `socat` in a loop does. */
export class OneByOneVariant implements Variant {
  readonly #servers: readonly Server[];

  constructor(servers: readonly Server[]) {
    this.#servers = servers;
  }

  async up(): Promise<Sample> {
    const start = performance.now();
    expectTimes(
      await runOneByOne(ENDPOINT, this.#servers.flatMap(addCommands)),
      "New server registered.",
      this.#servers.length,
    );
    const waitingMs = await time(() => waitUp(() => ask(ENDPOINT, SHOW_STATE), this.#servers.length));
    return { totalMs: performance.now() - start, waitingMs };
  }

  async down(): Promise<Sample> {
    const totalMs = await time(async () => {
      expectTimes(
        await runOneByOne(ENDPOINT, this.#servers.flatMap(removeCommands)),
        "Server deleted.",
        this.#servers.length,
      );
    });
    return { totalMs, waitingMs: 0 };
  }
}

const SHOW_STATE = `show servers state ${BACKEND}`;

const addCommands = (server: Server): string[] => [
  `add server ${BACKEND}/${server.name} ${serverArguments(server)} init-state down`,
  `enable health ${BACKEND}/${server.name}`,
  `set server ${BACKEND}/${server.name} state ready`,
];

const removeCommands = ({ name }: Server): string[] => [
  `set server ${BACKEND}/${name} state maint`,
  `wait 50ms srv-removable ${BACKEND}/${name}`,
  `del server ${BACKEND}/${name}`,
];

/** Checks the count of an answer, because a floor that fails half of its commands would be no floor. */
function expectTimes(text: string, answer: string, times: number): void {
  const found = text.split(answer).length - 1;
  if (found !== times)
    throw new Error(
      `HAProxy answered ${JSON.stringify(answer)} ${found} times instead of ${times}: ${text.slice(0, 300)}`,
    );
}
