import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../src/stack/settled.ts";
import { Load } from "../../test/harness/load.ts";
import { TestStack } from "../../test/harness/stack.ts";
import { type WorkerFate, workerFate } from "../worker.ts";
import { drawEvents, KINDS, type SoakEvent, START } from "./events.ts";
import { readEvidence } from "./evidence.ts";
import { type Change, costOf, type Seen, type Span } from "./explain.ts";
import { SessionWatch } from "./sessions.ts";
import { Sockets } from "./sockets.ts";
import { haproxyMemory, make } from "./stack.ts";
import { formatRow, formatTime, type Row, type Summary, summarize } from "./summary.ts";

/** Says how long the soak takes, which events it draws, and where its lines go. */
export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Ends the run after the event under way. */
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

const SOCKETS = 8;
/** Every deck of events takes longer than this. */
const SHORTEST_DECK_MS = 5_000;
/** Clients see within this time what an event broke. */
const SETTLE_MS = 500;
/** A request hardly lasts over more outages than these. */
const OUTAGES_KEPT = 3;
/** No more problems of an event are listed, because a bad one may break every request. */
const MOST_PROBLEMS = 20;
const FATES: Readonly<Record<SoakEvent["kind"], WorkerFate>> = {
  scale: "the same",
  "roll-out": "the same",
  mode: "reloaded",
  "haproxy-kill": "new container or restart",
  "app-crash": "the same",
};

/**
 * Changes a stack at random while it is in use. It ends when the time is over and each kind of event came
 * once, on the signal, and after an event that does not do what it shall. It leaves nothing behind.
 */
export async function soak({ minutes, seed, signal, print }: SoakOptions): Promise<Summary> {
  const stack = await TestStack.create({
    name: "e2e-soak",
    config: { ...START, drainTimeout: "2s" },
  });
  try {
    await stack.up();
    const startMemory = await haproxyMemory(stack);
    const run = new Run(stack, print);
    const deadline = Date.now() + minutes * 60_000;
    try {
      for (const [index, event] of drawEvents(
        seed,
        1 + Math.ceil((minutes * 60_000) / SHORTEST_DECK_MS),
      ).entries()) {
        await sleep(event.pauseMs, undefined, { signal });
        if (Date.now() >= deadline && index >= KINDS.length) break;
        await run.happen(event);
      }
    } catch (error) {
      if (!signal.aborted) run.fail(error);
    }
    await run.stop();
    return summarize({ seed, startMemory, rows: run.rows, problems: run.problems });
  } finally {
    await stack.dispose();
  }
}

/** A stack in use, and the account of what its clients see. */
class Run {
  readonly rows: Row[] = [];
  readonly problems: string[] = [];
  readonly #stack: TestStack;
  readonly #print: (line: string) => void;
  readonly #load: Load;
  readonly #sockets: Sockets;
  readonly #watch: SessionWatch;
  #outages: readonly Span[] = [];
  /** Names all that decides where a session belongs. */
  #servers = nameServers(START, 0);
  #since = Date.now();

  constructor(stack: TestStack, print: (line: string) => void) {
    this.#stack = stack;
    this.#print = print;
    this.#load = new Load(stack.url, { pauseMs: 10 });
    this.#sockets = new Sockets(stack.url, SOCKETS);
    this.#watch = new SessionWatch(stack.url);
    this.#watch.servers = this.#servers;
  }

  /**
   * Makes an event happen and tells what it cost.
   * @throws {Error} The event does not do what it shall.
   */
  async happen(event: SoakEvent): Promise<void> {
    // In hash mode a kill changes no home; in sticky mode it takes the stick table away.
    const isSame = event.kind === "haproxy-kill" && event.mode === "hash";
    if (!isSame) this.#watch.servers = undefined;
    const before = await this.#stack.haproxyIdentity();
    const servers = { before: this.#servers, after: nameServers(event, this.rows.length + 1) };
    const start = Date.now();
    const { outage, told } = await make(this.#stack, event);
    this.#servers = servers.after;
    this.#watch.servers = servers.after;
    await sleep(SETTLE_MS);
    if (outage !== undefined) this.#outages = [...this.#outages, outage].slice(-OUTAGES_KEPT);
    const after = await this.#stack.haproxyIdentity();
    const worker = { fate: workerFate(before, after), pid: after.pid?.split(" ")[0] };
    const seen = merge(this.#load.take(), this.#sockets.take(), this.#watch.take());
    const elsewhere = this.#watch.compareHomes(servers.before, servers.after);
    await this.#add(seen, { change: { event, start, end: Date.now(), outage, told }, worker, elsewhere });
    if (worker.fate !== FATES[event.kind])
      throw new Error(`HAProxy's worker: ${worker.fate}, expected ${FATES[event.kind]}`);
  }

  fail(error: unknown): void {
    this.problems.push(messageOf(error));
  }

  /** Ends the clients, and tells what they saw after the last event. */
  async stop(): Promise<void> {
    const [load, sockets, sessions] = await Promise.all([
      this.#load.stop(),
      this.#sockets.stop(),
      this.#watch.stop(),
    ]);
    await this.#add(merge(load, sockets, sessions), {});
  }

  async #add(
    seen: Seen,
    { change, ...more }: { readonly change?: Change } & Pick<Row, "worker" | "elsewhere">,
  ): Promise<void> {
    const cost = costOf(seen, change, this.#outages);
    const now = Date.now();
    const seconds = (now - this.#since) / 1000;
    const row = {
      event: change?.event,
      outage: change?.outage,
      seconds,
      cost,
      memory: await haproxyMemory(this.#stack),
      ...more,
    };
    this.rows.push(row);
    this.#print(formatRow(row));
    this.#since = now;
    const { problems } = cost;
    const [first, last] = [problems.at(0), problems.at(-1)];
    if (first === undefined || last === undefined) return;
    const lines = problems.slice(0, MOST_PROBLEMS).map(({ at, what }) => `${formatTime(at)} ${what}`);
    if (lines.length < problems.length)
      lines.push(`${formatTime(last.at)} and ${problems.length - lines.length} more up to now`);
    this.problems.push(...lines);
    for (const line of [...lines, ...(await readEvidence(this.#stack, { start: first.at, end: last.at }))])
      this.#print(`  ${line}`);
  }
}

/** In hash mode the servers alone decide where a session belongs, in sticky mode the history does so too. */
const nameServers = ({ mode, count }: Pick<SoakEvent, "mode" | "count">, events: number): string =>
  mode === "hash" ? `hash ${count}` : `sticky ${count} after ${events} events`;

type LoadSeen = ReturnType<Load["take"]>;
type SocketsSeen = ReturnType<Sockets["take"]>;
type WatchSeen = ReturnType<SessionWatch["take"]>;

const merge = (load: LoadSeen, sockets: SocketsSeen, watch: WatchSeen): Seen => ({
  sent: load.sent + watch.sent,
  failures: [...load.failures, ...sockets.failures, ...watch.failures],
  opened: sockets.opened,
  losses: sockets.losses,
  compared: watch.compared,
  moves: watch.moves,
});
