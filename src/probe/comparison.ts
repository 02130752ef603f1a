import { type Findings, findingsOf } from "./findings.ts";
import type { Mapping } from "./mapping.ts";

/** Sessions that were on one server and are on another, or the same. */
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

/** What became of the sessions between two probes. */
export interface Comparison {
  /** When the earlier mapping was kept, ISO 8601 in UTC. */
  readonly since: string;
  /** Servers of either mapping. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly moved: number;
  /** Moved sessions of all, 0 to 1. */
  readonly movedShare: number;
  /** What has to move, 0 to 1: in hash mode `idealShare`, in sticky mode the sessions of removed servers. */
  readonly idealShare: number;
  /** From every server to every server where there are sessions, the largest first. */
  readonly flows: readonly Flow[];
  /** Moves that the change of servers does not explain. */
  readonly unexplained: Findings<Move>;
}

/** Compares where sessions were and are. Both mappings are of the same sessions and mode: see `checkComparable`. */
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
 * The share of sessions that a perfect consistent hash moves, 0 to 1. It gives each session an order of all servers, of
 * which it takes the first that exists: a session stays when the first of old and new servers together is a kept one.
 */
export function idealShare(before: readonly string[], after: readonly string[]): number {
  const all = new Set([...before, ...after]).size;
  const kept = before.filter((server) => after.includes(server)).length;
  return (all - kept) / all;
}

/** The flows to another server. */
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
