import type { Comparison } from "./comparison.ts";
import { REPEATS } from "./cookie-clients.ts";
import type { Findings } from "./findings.ts";
import { count, number, percent, time } from "./format.ts";
import type { ProbeResult } from "./probe-run.ts";

/** A line names no more servers than these. */
const MOST_NAMED = 8;

/** One claim about the balancer, and whether the probe bears it out. */
export interface Check {
  readonly name: string;
  readonly hasPassed: boolean;
  /** The verdict in one line. */
  readonly text: string;
  /** Evidence against the claim, one line each, as far as it is listed. */
  readonly details: readonly string[];
}

/** Puts the result of a probe into words, without the parts that it was told to leave out. */
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
  const strays = `${number(differences.count)} of ${number(requests)} requests`;
  return check(
    "sessions",
    `each of ${count(sessions, "session")} sent ${rounds.length} times${where}: always the same server`,
    { [`${strays} answered by another server than the session's first`]: differences.count },
    list(
      differences,
      ({ session, first, later, through }) => `${session}: ${first}, then ${later} through ${through}`,
    ),
  );
}

function checkCookies({ mode, cookieClients: { clients, withCookie, changes } }: ProbeResult): Check {
  const all = count(clients, "client");
  if (mode === "hash") {
    const given = `${withCookie || "none"} of ${all} given one; hash mode sets none`;
    return check("cookies", given, { [given]: withCookie });
  }
  const without = clients - withCookie;
  const strays = `${count(changes.count, "request")} with a cookie`;
  return check(
    "cookies",
    `${all}, ${REPEATS} requests each with their cookie: always the same server`,
    {
      [`${number(without)} of ${all} given no cookie`]: without,
      [`${strays} answered by another server than the one that gave it`]: changes.count,
    },
    list(
      changes,
      ({ client, first, later, through }) => `client ${client}: ${first}, then ${later} through ${through}`,
    ),
  );
}

const HINT = "--websocket-path names another path, --websockets 0 leaves them out";

function checkWebSockets({ webSockets: { sockets, changes, failures } }: ProbeResult): Check {
  const strays = `${number(changes.count)} of ${sockets}`;
  return check(
    "WebSockets",
    `${number(sockets)}, each on the server of its session, each message came back`,
    {
      [`${strays} on another server than the requests of their session`]: changes.count,
      [`${number(failures.count)} of ${sockets} failed (${HINT})`]: failures.count,
    },
    [
      ...list(
        changes,
        ({ session, first, later, through }) =>
          `${session}: requests ${first}, WebSocket ${later} through ${through}`,
      ),
      ...list(failures, (failure) => failure),
    ],
  );
}

function checkMoves({ mode }: ProbeResult, comparison: Comparison): Check {
  const { since, added, removed, moved, movedShare, idealShare, unexplained } = comparison;
  const change = [...nameServers("+", added), ...nameServers("−", removed)].join(" ");
  const share = `${count(moved, "session")} (${percent(movedShare)})`;
  const figures = `${share} moved since ${time(since)}, ideal ${percent(idealShare)}`;
  const hint = mode === "sticky" ? "; the stick table forgets a session 30 minutes after its last use" : "";
  const told = `${figures}; servers: ${change === "" ? "the same" : change}`;
  return check(
    "comparison",
    told,
    { [`${told}; ${count(unexplained.count, "move")} not explained by that${hint}`]: unexplained.count },
    list(unexplained, ({ session, from, to }) => `${session}: ${from} → ${to}`),
  );
}

/** Makes a check that has failed where there is some of what should not be, by its words. */
function check(
  name: string,
  passed: string,
  mistakes: Readonly<Record<string, number>>,
  details: readonly string[] = [],
): Check {
  const words = Object.keys(mistakes).filter((text) => mistakes[text] !== 0);
  return { name, hasPassed: words.length === 0, text: words.join("; ") || passed, details };
}

const nameServers = (sign: string, servers: readonly string[]): string[] =>
  servers.length > MOST_NAMED ? [`${sign} ${servers.length}`] : servers.map((server) => `${sign} ${server}`);

function list<T>({ count: all, examples }: Findings<T>, words: (found: T) => string): string[] {
  const more = all - examples.length;
  return [...examples.map(words), ...(more === 0 ? [] : [`… and ${number(more)} more`])];
}
