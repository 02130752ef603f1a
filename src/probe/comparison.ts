import { type Findings, findingsOf } from "./findings.ts";
import type { Mapping } from "./mapping.ts";

/** Sessions that were on one server, and are on another or the same one now. */
export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly sessions: number;
}

/** A session that changed its server. */
export interface Move {
  readonly session: string;
  readonly from: string;
  readonly to: string;
}

/** The servers of all sessions at one probe next to those at a later one. */
export interface Comparison {
  /** Time of the earlier probe, ISO 8601 in UTC. */
  readonly since: string;
  /** Servers at the earlier probe, and at the later one. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly moved: number;
  /** Share of all sessions that moved, 0 to 1. */
  readonly movedShare: number;
  /** Share that has to move, 0 to 1: by `idealShare` in hash mode, removed servers' part in sticky mode. */
  readonly idealShare: number;
  /** Flows from every server to every server, the largest first, without empty ones. */
  readonly flows: readonly Flow[];
  /** Moves that the change of servers does not explain. */
  readonly unexplained: Findings<Move>;
}

/** Compares two mappings of the same sessions and mode: see `checkComparable`. */
export function compareMappings(earlier: Mapping, later: Mapping): Comparison {
  const [before, after] = [earlier.servers, later.servers];
  const added = after.filter((server) => !before.includes(server));
  const removed = before.filter((server) => !after.includes(server));
  const sessions = [...earlier.homes].flatMap(([session, from]): Move[] => {
    const to = later.homes.get(session);
    return to === undefined ? [] : [{ session, from, to }];
  });
  const moves = sessions.filter(({ from, to }) => from !== to);
  const isExplained = ({ from, to }: Move): boolean =>
    removed.includes(from) || (later.mode === "hash" && added.includes(to));
  return {
    since: earlier.createdAt,
    before,
    after,
    added,
    removed,
    moved: moves.length,
    movedShare: moves.length / sessions.length,
    idealShare:
      later.mode === "hash"
        ? idealShare(before, after)
        : sessions.filter(({ from }) => removed.includes(from)).length / sessions.length,
    flows: flowsOf(sessions),
    unexplained: findingsOf(moves.filter((move) => !isExplained(move))),
  };
}

/**
 * Calculates the share of sessions, 0 to 1, that a perfect consistent hash moves. Such a hash gives each
 * session an order of all servers and takes the first that exists. So a session stays if the first of old and
 * new servers together is kept.
 */
export function idealShare(before: readonly string[], after: readonly string[]): number {
  const all = new Set([...before, ...after]).size;
  const kept = before.filter((server) => after.includes(server)).length;
  return (all - kept) / all;
}

/** Picks the flows to another server. */
export const movesOf = ({ flows }: Comparison): Flow[] => flows.filter(({ from, to }) => from !== to);

function flowsOf(moves: readonly Move[]): Flow[] {
  const flows = new Map<string, Map<string, number>>();
  for (const { from, to } of moves) {
    const row = flows.get(from) ?? new Map<string, number>();
    flows.set(from, row.set(to, (row.get(to) ?? 0) + 1));
  }
  return [...flows]
    .flatMap(([from, row]) => [...row].map(([to, sessions]): Flow => ({ from, to, sessions })))
    .sort((a, b) => b.sessions - a.sessions);
}
