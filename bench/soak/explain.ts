import type { Failure } from "../../test/harness/load.ts";
import type { SoakEvent } from "./events.ts";
import type { Move } from "./sessions.ts";
import type { Loss } from "./sockets.ts";

/** A span of time, in milliseconds since 1970. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** An event that was made, with the facts that explain failures and lost sockets. */
export interface Change extends Span {
  readonly event: SoakEvent;
  /** Time from the kill of HAProxy until it answered again. */
  readonly outage: Span | undefined;
  /** The update said that it ended so many sessions, by server. */
  readonly told: ReadonlyMap<string, number>;
}

/** Everything that clients saw in some time. */
export interface Seen {
  readonly sent: number;
  readonly failures: readonly Failure[];
  /** Count of the WebSockets. */
  readonly opened: number;
  readonly losses: readonly Loss[];
  /** Answers to watched sessions that were compared with earlier ones. */
  readonly compared: number;
  readonly moves: readonly Move[];
}

export const LOSS_CAUSES = ["server removed", "app crashed", "HAProxy killed", "unexpected"] as const;
export type LossCause = (typeof LOSS_CAUSES)[number];

/** Counts by cause. */
export type Tally = Readonly<Record<string, number>>;

/** Everything that clients saw, by cause. */
export interface Cost {
  readonly sent: number;
  readonly failedInOutages: Tally;
  readonly failedOtherwise: Tally;
  readonly opened: number;
  readonly lost: Tally;
  readonly compared: number;
  readonly moved: number;
  /** Problems that nothing explains, in the order in which they came. */
  readonly problems: readonly Problem[];
}

/** Something that nothing explains. `at` is in milliseconds since 1970. */
export interface Problem {
  readonly at: number;
  readonly what: string;
}

/** Sorts all that clients saw since the last change by its cause. `change` is undefined if none was made. */
export function costOf(seen: Seen, change: Change | undefined, outages: readonly Span[]): Cost {
  const [expected, others] = partition(seen.failures, (failure) => isIn(outages, failure));
  const causes = explainLosses(seen.losses, change);
  const unexpected = seen.losses.filter((_, index) => causes[index] === "unexpected");
  return {
    sent: seen.sent,
    failedInOutages: tally(expected.map(({ cause }) => cause)),
    failedOtherwise: tally(others.map(({ cause }) => cause)),
    opened: seen.opened,
    lost: tally(causes),
    compared: seen.compared,
    moved: seen.moves.length,
    problems: [
      ...others.map(({ client, cause, sentAt, failedAt }) => ({
        at: failedAt,
        what: `${client}: ${cause} after ${failedAt - sentAt} ms`,
      })),
      ...unexpected.map(({ id, server, openedAt, lostAt }) => ({
        at: lostAt,
        what: `${id} on ${server}: WebSocket closed after ${((lostAt - openedAt) / 1000).toFixed(1)} s`,
      })),
      ...seen.moves.map(({ session, from, to, at }) => ({
        at,
        what: `session ${session} moved from ${from} to ${to} among the same servers`,
      })),
    ].sort((a, b) => a.at - b.at),
  };
}

/** Whether a request was under way while HAProxy was away. */
const isIn = (outages: readonly Span[], { sentAt, failedAt }: Failure): boolean =>
  outages.some(({ start, end }) => sentAt <= end && failedAt >= start);

/** A server's removal explains no more sockets than the update told that it ended. */
function explainLosses(losses: readonly Loss[], change: Change | undefined): LossCause[] {
  if (change === undefined) return losses.map(() => "unexpected");
  const { event, outage } = change;
  const told = new Map(change.told);
  return losses.map(({ server, lostAt }) => {
    if (outage !== undefined && lostAt >= outage.start && lostAt <= outage.end) return "HAProxy killed";
    if (lostAt < change.start || lostAt > change.end) return "unexpected";
    if (event.kind === "app-crash" && event.server === server) return "app crashed";
    const left = told.get(server) ?? 0;
    if (left === 0) return "unexpected";
    told.set(server, left - 1);
    return "server removed";
  });
}

/** Reads in an update's output how many sessions it ended, by server. */
export function toldEnds(output: string): Map<string, number> {
  const told = new Map<string, number>();
  for (const [, server = "", count] of output.matchAll(
    /\b(s\d+): (\d+) sessions? (?:of before a reload )?closed after/g,
  )) {
    told.set(server, (told.get(server) ?? 0) + Number(count));
  }
  return told;
}

function tally(causes: readonly string[]): Tally {
  const counts: Record<string, number> = {};
  for (const cause of causes) counts[cause] = (counts[cause] ?? 0) + 1;
  return counts;
}

function partition<T>(list: readonly T[], isSo: (each: T) => boolean): [T[], T[]] {
  return [list.filter(isSo), list.filter((each) => !isSo(each))];
}
