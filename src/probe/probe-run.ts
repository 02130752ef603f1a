import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { withProgress } from "../terminal/progress.ts";
import { compareMappings } from "./comparison.ts";
import { sendCookieClients } from "./cookie-clients.ts";
import { allServers, distribute, type Homes } from "./distribution.ts";
import { findingsOf } from "./findings.ts";
import { count } from "./format.ts";
import { FrontDoor } from "./front-door.ts";
import type { Mapping, Probed } from "./mapping.ts";
import type { ProbeResult } from "./result.ts";
import { type Difference, findDifferences, sendSessions } from "./sent-sessions.ts";
import { sessionIds } from "./session-ids.ts";
import { openWebSockets } from "./websockets.ts";

/** After this time all balancers' stick tables have a session that one balancer learned. */
const REPLICATION_MS = 100;

/** Says what to probe. */
export interface ProbeOptions extends Probed {
  /** URLs of the balancers to go through. */
  readonly balancers: readonly [string, ...string[]];
  /** Names of the declared servers. */
  readonly servers: readonly string[];
  readonly path: string;
  readonly cookieClients: number;
  /** So many of the sessions open a WebSocket too. */
  readonly webSockets: number;
  readonly webSocketPath: string;
  /** The probe's mapping is compared with this one. */
  readonly earlier: Mapping | undefined;
}

/**
 * Sends sessions, cookie clients and WebSockets through a stack's balancers.
 * @throws {Error} A balancer cannot be reached, names no server, or answers 500 or more.
 */
export async function probe(
  options: ProbeOptions,
): Promise<{ readonly result: ProbeResult; readonly mapping: Mapping }> {
  const { stack, mode, seed, sessions, path, earlier } = options;
  const [first, ...others] = options.balancers;
  const firstDoor = new FrontDoor(first, path);
  const doors = [firstDoor, ...others.map((url) => new FrontDoor(url, path))] as const;
  const doorFor = (turn: number): FrontDoor => doors[turn % doors.length] ?? firstDoor;
  const createdAt = new Date().toISOString();
  try {
    const { homes, ...rounds } = await sendRounds(sessionIds(seed, sessions), doors);
    const cookieClients = await withProgress(
      count(options.cookieClients, "cookie client"),
      options.cookieClients,
      (tick) => sendCookieClients(options.cookieClients, doorFor, tick),
    );
    const webSockets = await withProgress(
      count(options.webSockets, "WebSocket"),
      options.webSockets,
      (tick) =>
        openWebSockets(
          new Map([...homes].slice(0, options.webSockets)),
          (turn) => new URL(`${doorFor(turn).url}${options.webSocketPath}`),
          tick,
        ),
    );
    const mapping = {
      stack,
      mode,
      seed,
      sessions,
      createdAt,
      servers: allServers(options.servers, homes),
      homes,
    };
    const distribution = distribute(homes, mapping.servers);
    const comparison = earlier === undefined ? undefined : compareMappings(earlier, mapping);
    return {
      mapping,
      result: {
        stack,
        mode,
        seed,
        sessions,
        path,
        createdAt,
        ...rounds,
        distribution,
        cookieClients,
        webSockets,
        comparison,
      },
    };
  } finally {
    await Promise.all(doors.map((door) => door.close()));
  }
}

type Rounds = Pick<ProbeResult, "rounds" | "requests" | "durationMs" | "differences"> & {
  readonly homes: Homes;
};

/**
 * Sends all sessions through each balancer, then through the first again. Later rounds turn their order
 * round, because a balancer that only deals out its servers in turn would pass a repetition in the same
 * order.
 */
async function sendRounds(
  sessions: readonly string[],
  [first, ...others]: readonly [FrontDoor, ...FrontDoor[]],
): Promise<Rounds> {
  const send = (door: FrontDoor, ids: readonly string[]): Promise<Homes> =>
    withProgress(`${count(ids.length, "session")} through ${door.url}`, ids.length, (tick) =>
      sendSessions(door, ids, tick),
    );
  const start = performance.now();
  const homes = await send(first, sessions);
  const repeats = [...others, first];
  const differences: Difference[] = [];
  for (const door of repeats) {
    await sleep(REPLICATION_MS);
    differences.push(...findDifferences(homes, await send(door, sessions.toReversed()), door.url));
  }
  return {
    homes,
    rounds: [first, ...repeats].map(({ url }) => url),
    requests: sessions.length * (1 + repeats.length),
    durationMs: performance.now() - start,
    differences: findingsOf(differences),
  };
}
