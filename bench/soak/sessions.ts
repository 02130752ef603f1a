import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { causeOf, type Failure, get } from "../../test/harness/load.ts";

const SESSIONS = Array.from({ length: 24 }, (_, index) => `watched-${index}`);
const PAUSE_MS = 10;

/** A session moved to another server although nothing had changed. */
export interface Move {
  readonly session: string;
  readonly from: string;
  readonly to: string;
  readonly at: number;
}

/** Everything that the watched sessions saw in some time. */
export interface SessionResult {
  readonly sent: number;
  readonly failures: readonly Failure[];
  /** Count of answers that were compared with an earlier one. */
  readonly compared: number;
  readonly moves: readonly Move[];
}

/**
 * Sends requests of sessions in turn, and checks that each session stays on its server. Another set of
 * servers may give it another server, but the same set gives it the same one for ever.
 */
export class SessionWatch {
  readonly #url: string;
  readonly #homes = new Map<string, Map<string, string>>();
  readonly #watching: Promise<void>;
  #set: string | undefined;
  #isRunning = true;
  #sent = 0;
  #compared = 0;
  #failures: Failure[] = [];
  #moves: Move[] = [];

  constructor(url: string) {
    this.#url = url;
    this.#watching = this.#watch();
  }

  /** Names the set of servers from now on. Undefined while it changes, because sessions may be anywhere. */
  set servers(set: string | undefined) {
    this.#set = set;
  }

  /** Counts the sessions that are known in both sets of servers, and those with another home in each. */
  compareHomes(one: string, other: string): { readonly moved: number; readonly known: number } {
    const [a, b] = [this.#homes.get(one), this.#homes.get(other)];
    const known = SESSIONS.filter((session) => a?.has(session) && b?.has(session));
    return {
      moved: known.filter((session) => a?.get(session) !== b?.get(session)).length,
      known: known.length,
    };
  }

  /** Takes all that came since the start or the last call. */
  take(): SessionResult {
    const result = {
      sent: this.#sent,
      failures: this.#failures,
      compared: this.#compared,
      moves: this.#moves,
    };
    this.#sent = 0;
    this.#compared = 0;
    this.#failures = [];
    this.#moves = [];
    return result;
  }

  async stop(): Promise<SessionResult> {
    this.#isRunning = false;
    await this.#watching;
    return this.take();
  }

  async #watch(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let turn = 0; this.#isRunning; turn++) {
      const session = SESSIONS[turn % SESSIONS.length] ?? "";
      const set = this.#set;
      const sentAt = Date.now();
      this.#sent += 1;
      const fail = (cause: string): unknown =>
        this.#failures.push({ client: session, sentAt, failedAt: Date.now(), cause });
      try {
        const { status, server } = await get(
          this.#url,
          { "X-Session-ID": session, "X-Balancer-Probe": "1" },
          agent,
        );
        if (status !== 200) fail(`status ${status}`);
        else if (set !== undefined && set === this.#set && server !== undefined)
          this.#compare(set, session, server);
      } catch (error) {
        fail(causeOf(error));
      }
      await sleep(PAUSE_MS);
    }
    agent.destroy();
  }

  #compare(set: string, session: string, server: string): void {
    const homes = this.#homes.get(set) ?? new Map<string, string>();
    this.#homes.set(set, homes);
    const home = homes.get(session);
    if (home === undefined) {
      homes.set(session, server);
      return;
    }
    this.#compared += 1;
    if (home !== server) this.#moves.push({ session, from: home, to: server, at: Date.now() });
  }
}
