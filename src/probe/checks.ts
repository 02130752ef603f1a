import type { Comparison } from "./comparison.ts";
import { REPEATS } from "./cookie-clients.ts";
import type { Findings } from "./findings.ts";
import { count, number, percent, time } from "./format.ts";
import type { ProbeResult } from "./result.ts";

/** Servers that are told by name. */
const MOST_NAMED = 8;

/** One claim about the balancer, and whether the probe bears it out. */
export interface Check {
  readonly name: string;
  readonly hasPassed: boolean;
  /** One line. */
  readonly text: string;
  /** What speaks against it, a line each, as far as it is listed. */
  readonly details: readonly string[];
}

/** Puts what a probe found into words; what it was told to leave out is not among it. */
export function checksOf(result: ProbeResult): Check[] {
  const { cookieClients, webSockets, comparison } = result;
  return [
    checkSessions(result),
    ...(cookieClients.clients === 0 ? [] : [checkCookies(result)]),
    ...(webSockets.sockets === 0 ? [] : [checkWebSockets(result)]),
    ...(comparison === undefined ? [] : [checkMoves(result, comparison)]),
  ];
}

/** Whether every check has passed. */
export const isConsistent = (result: ProbeResult): boolean =>
  checksOf(result).every(({ hasPassed }) => hasPassed);

function checkSessions({ sessions, rounds, requests, differences }: ProbeResult): Check {
  const balancers = new Set(rounds).size;
  const where = balancers === 1 ? "" : ` through ${balancers} balancers`;
  return {
    name: "sessions",
    hasPassed: differences.count === 0,
    text:
      differences.count === 0
        ? `each of ${count(sessions, "session")} sent ${rounds.length} times${where}: always the same server`
        : `${number(differences.count)} of ${number(requests)} requests answered by another server than the session's first`,
    details: list(
      differences,
      ({ session, first, later, through }) => `${session}: ${first}, then ${later} through ${through}`,
    ),
  };
}

function checkCookies({ mode, cookieClients: { clients, withCookie, changes } }: ProbeResult): Check {
  const name = "cookies";
  if (mode === "hash") {
    const hasPassed = withCookie === 0;
    return {
      name,
      hasPassed,
      text: `${hasPassed ? "none" : withCookie} of ${count(clients, "client")} given one; hash mode sets none`,
      details: [],
    };
  }
  const without = clients - withCookie;
  const words = [
    ...(without === 0 ? [] : [`${number(without)} of ${count(clients, "client")} given no cookie`]),
    ...(changes.count === 0
      ? []
      : [
          `${count(changes.count, "request")} with a cookie answered by another server than the one that gave it`,
        ]),
  ];
  return {
    name,
    hasPassed: words.length === 0,
    text:
      words.length === 0
        ? `${count(clients, "client")}, ${REPEATS} requests each with their cookie: always the same server`
        : words.join("; "),
    details: list(
      changes,
      ({ client, first, later, through }) => `client ${client}: ${first}, then ${later} through ${through}`,
    ),
  };
}

function checkWebSockets({ webSockets: { sockets, changes, failures } }: ProbeResult): Check {
  const words = [
    ...(changes.count === 0
      ? []
      : [`${number(changes.count)} of ${sockets} on another server than the requests of their session`]),
    ...(failures.count === 0
      ? []
      : [
          `${number(failures.count)} of ${sockets} failed (--websocket-path names another path, --websockets 0 leaves them out)`,
        ]),
  ];
  return {
    name: "WebSockets",
    hasPassed: words.length === 0,
    text:
      words.length === 0
        ? `${number(sockets)}, each on the server of its session, each message came back`
        : words.join("; "),
    details: [
      ...list(
        changes,
        ({ session, first, later, through }) =>
          `${session}: requests ${first}, WebSocket ${later} through ${through}`,
      ),
      ...list(failures, (failure) => failure),
    ],
  };
}

function checkMoves({ mode }: ProbeResult, comparison: Comparison): Check {
  const { since, added, removed, moved, movedShare, idealShare, unexplained } = comparison;
  const change = [...nameServers("+", added), ...nameServers("−", removed)].join(" ");
  const figures = `${count(moved, "session")} (${percent(movedShare)}) moved since ${time(since)}, ideal ${percent(idealShare)}`;
  const hint = mode === "sticky" ? "; the stick table forgets a session 30 minutes after its last use" : "";
  return {
    name: "comparison",
    hasPassed: unexplained.count === 0,
    text: `${figures}; servers: ${change === "" ? "the same" : change}${
      unexplained.count === 0 ? "" : `; ${count(unexplained.count, "move")} not explained by that${hint}`
    }`,
    details: list(unexplained, ({ session, from, to }) => `${session}: ${from} → ${to}`),
  };
}

const nameServers = (sign: string, servers: readonly string[]): string[] =>
  servers.length > MOST_NAMED ? [`${sign} ${servers.length}`] : servers.map((server) => `${sign} ${server}`);

function list<T>({ count: all, examples }: Findings<T>, words: (found: T) => string): string[] {
  const more = all - examples.length;
  return [...examples.map(words), ...(more === 0 ? [] : [`… and ${number(more)} more`])];
}
