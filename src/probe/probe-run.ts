import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { Frozen } from "../stack/schema.ts";
import type { SessionKey } from "../stack/session-key.ts";
import { withProgress } from "../terminal/progress.ts";
import { type Comparison, compareMappings } from "./comparison.ts";
import { sendCookieClients } from "./cookie-clients.ts";
import { allServers, distribute, type Homes } from "./distribution.ts";
import { findingsOf } from "./findings.ts";
import { count } from "./format.ts";
import { ANY_WORD, FrontDoor } from "./front-door.ts";
import type { Mapping, Probed } from "./mapping.ts";
import { type Difference, findDifferences, sendSessions } from "./sent-sessions.ts";
import { sessionIds } from "./session-ids.ts";
import { openWebSockets } from "./websockets.ts";

/** After this time all balancers' stick tables have a session that one balancer learned. */
const REPLICATION_MS = 100;

/** The result of a probe. */
export type ProbeResult = Frozen<Awaited<ReturnType<typeof probe>>["result"]>;

/** Says what to probe. */
export interface ProbeOptions extends Probed {
  /** URLs of the balancers to go through. */
  readonly balancers: readonly [string, ...string[]];
  /** Whether they expect the PROXY protocol of the Docker host. */
  readonly proxyProtocol: boolean;
  /** The word that they were told; without it they are on this host, and name servers to any. */
  readonly word?: string;
  /** Names of the declared servers. */
  readonly servers: readonly string[];
  readonly path: string;
  readonly sessionKey: SessionKey;
  /** Name of the cookie that HAProxy sets. Undefined in hash mode. */
  readonly sessionCookie: string | undefined;
  readonly cookieClients: number;
  /** So many of the sessions open a WebSocket too. */
  readonly websockets: number;
  readonly websocketPath: string;
  /** The probe's mapping is compared with this one. */
  readonly earlier: Mapping | undefined;
}

/**
 * Sends sessions, cookie clients and WebSockets through a stack's balancers.
 * @throws {Error} A balancer cannot be reached, names no server, or answers 500 or more.
 */
export async function probe(options: ProbeOptions) {
  const { stack, mode, seed, sessions, path, sessionKey, proxyProtocol, earlier, word = ANY_WORD } = options;
  const [first, ...others] = options.balancers;
  const firstDoor = new FrontDoor(first, path, proxyProtocol, word);
  const doors = [firstDoor, ...others.map((url) => new FrontDoor(url, path, proxyProtocol, word))] as const;
  const doorFor = (turn: number): FrontDoor => doors[turn % doors.length] ?? firstDoor;
  const probed = {
    stack,
    mode,
    seed,
    sessions,
    /** ISO 8601, in UTC. */ createdAt: new Date().toISOString(),
  };
  try {
    const { homes, ...rounds } = await sendRounds(sessionIds(seed, sessions), sessionKey, doors);
    const cookieClients = await withProgress(
      count(options.cookieClients, "cookie client"),
      options.cookieClients,
      (tick) => sendCookieClients(options.cookieClients, doorFor, options.sessionCookie, tick),
    );
    const webSockets = await withProgress(
      count(options.websockets, "WebSocket"),
      options.websockets,
      (tick) =>
        openWebSockets(
          new Map([...homes].slice(0, options.websockets)),
          (turn) => new URL(`${doorFor(turn).url}${options.websocketPath}`),
          { sessionKey, proxyProtocol, word },
          tick,
        ),
    );
    const mapping: Mapping = { ...probed, servers: allServers(options.servers, homes), homes };
    /** Undefined if there is no earlier mapping to compare with. */
    const comparison: Comparison | undefined = earlier && compareMappings(earlier, mapping);
    /** Distribution in the first round. */
    const distribution = distribute(homes, mapping.servers);
    const result = { ...probed, path, ...rounds, distribution, cookieClients, webSockets, comparison };
    return { mapping, result };
  } finally {
    await Promise.all(doors.map((door) => door.close()));
  }
}

/**
 * Sends all sessions through each balancer, then through the first again. Later rounds turn their order
 * round, because a balancer that only deals out its servers in turn would pass a repetition in the same
 * order.
 */
async function sendRounds(
  sessions: readonly string[],
  sessionKey: SessionKey,
  [first, ...others]: readonly [FrontDoor, ...FrontDoor[]],
) {
  const send = (door: FrontDoor, ids: readonly string[]): Promise<Homes> =>
    withProgress(`${count(ids.length, "session")} through ${door.url}`, ids.length, (tick) =>
      sendSessions(door, ids, sessionKey, tick),
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
    /** URLs of the balancers that all sessions were sent through in turn. The last is the first again. */
    rounds: [first, ...repeats].map(({ url }) => url),
    /** Count of the sessions' requests, and the time that they took together. */
    requests: sessions.length * (1 + repeats.length),
    durationMs: performance.now() - start,
    /** Requests of later rounds that another server answered than in the first. */
    differences: findingsOf(differences),
  };
}
