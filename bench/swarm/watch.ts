import { setTimeout as sleep } from "node:timers/promises";
import { readServers, unlessDown } from "../../src/haproxy/runtime/running-state.ts";
import { isInRotation, type RunningServer } from "../../src/haproxy/runtime/state.ts";
import type { SwarmStack } from "../../test/harness/swarm-stack.ts";

/** No figure is better than this. */
const LOOK_MS = 100;

/** What a balancer has had of a server from a moment on, in milliseconds since 1970. */
export interface Sight {
  readonly at: number;
  readonly balancer: number;
  readonly server: string;
  readonly isServing: boolean;
  readonly isUp: boolean;
  readonly adminState: RunningServer["adminState"];
  readonly address: string;
}

/** Looks at the servers of some balancers all the time, and keeps what changes. */
export class Watch {
  readonly #balancers: readonly number[];
  readonly #sights: Sight[] = [];
  readonly #looking: Promise<unknown>;
  #isRunning = true;

  constructor(stack: SwarmStack, balancers: readonly number[]) {
    this.#balancers = balancers;
    this.#looking = Promise.all(balancers.map((balancer) => this.#look(stack, balancer)));
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#looking;
  }

  /** When the first of the balancers had a server so; undefined if none has. */
  anywhere(server: string, since: number, isSo: (sight: Sight) => boolean): number | undefined {
    const times = this.#times(server, since, isSo).filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** When the last of the balancers had a server so; undefined if one of them has not. */
  everywhere(server: string, since: number, isSo: (sight: Sight) => boolean): number | undefined {
    const times = this.#times(server, since, isSo);
    const reached = times.filter((time) => time !== undefined);
    return reached.length < times.length ? undefined : Math.max(...reached);
  }

  #times(server: string, since: number, isSo: (sight: Sight) => boolean): (number | undefined)[] {
    const sights = this.#sights.filter((sight) => sight.server === server && sight.at >= since);
    return this.#balancers.map((n) => sights.find((sight) => sight.balancer === n && isSo(sight))?.at);
  }

  async #look(stack: SwarmStack, balancer: number): Promise<void> {
    using haproxy = stack.haproxyOf(balancer);
    const before = new Map<string, string>();
    while (this.#isRunning) {
      const servers = (await unlessDown(() => readServers(haproxy))) ?? [];
      const at = Date.now();
      for (const each of servers) {
        const { name: server, isUp, adminState, address } = each;
        const seen = { server, isServing: isInRotation(each), isUp, adminState, address };
        const words = JSON.stringify(seen);
        if (before.get(server) === words) continue;
        before.set(server, words);
        this.#sights.push({ at, balancer, ...seen });
      }
      await sleep(LOOK_MS);
    }
  }
}
