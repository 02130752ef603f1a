import type { Frozen } from "../stack/schema.ts";
import { findingsOf } from "./findings.ts";
import type { Mapping } from "./mapping.ts";

/** The servers of all sessions at one probe next to those at a later one. */
export type Comparison = Frozen<ReturnType<typeof compareMappings>>;

/** A session, and its server before and now. */
interface Move {
  readonly session: string;
  readonly from: string;
  readonly to: string;
}

/** Compares two mappings of the same sessions and mode: see `checkComparable`. */
export function compareMappings(earlier: Mapping, later: Mapping) {
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
    /** Time of the earlier probe, ISO 8601 in UTC. */
    since: earlier.createdAt,
    before,
    after,
    added,
    removed,
    moved: moves.length,
    /** Share of all sessions that moved, 0 to 1. */
    movedShare: moves.length / sessions.length,
    /** Share that has to move, 0 to 1. In sticky mode it is that of the removed servers. */
    idealShare:
      later.mode === "hash"
        ? idealShare(before, after)
        : sessions.filter(({ from }) => removed.includes(from)).length / sessions.length,
    /** From every server to every server, the largest first, without empty ones. */
    flows: flowsOf(sessions),
    /** Moves that the change of servers does not explain. */
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
export const movesOf = ({ flows }: Comparison): Comparison["flows"] =>
  flows.filter(({ from, to }) => from !== to);

/** Counts the sessions that have the same server before and the same one now. */
const flowsOf = (moves: readonly Move[]) =>
  [...Map.groupBy(moves, ({ from, to }) => `${from} ${to}`).values()]
    .flatMap((alike) => alike.slice(0, 1).map(({ from, to }) => ({ from, to, sessions: alike.length })))
    .sort((a, b) => b.sessions - a.sessions);
