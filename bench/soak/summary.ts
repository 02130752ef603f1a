import type { WorkerFate } from "../worker.ts";
import { describeEvent, KINDS, type SoakEvent } from "./events.ts";
import type { Cost, Span, Tally } from "./explain.ts";

/** An event and what it cost since the one before. `event` is undefined for what came after the last. */
export interface Row {
  readonly event: SoakEvent | undefined;
  readonly seconds: number;
  readonly cost: Cost;
  readonly outage: Span | undefined;
  readonly worker: WorkerFate;
  /** Of HAProxy's container, in bytes. */
  readonly memory: number;
}

/** What a run saw. */
export interface Summary {
  readonly seed: number;
  readonly seconds: number;
  readonly events: Tally;
  readonly requests: { readonly sent: number; readonly failedInOutages: Tally; readonly failedOtherwise: Tally };
  readonly webSockets: { readonly opened: number; readonly lost: Tally };
  readonly sessions: { readonly compared: number; readonly moved: number };
  readonly haproxy: {
    /** Of its container, in bytes. A kill makes it start afresh. */
    readonly memory: { readonly start: number; readonly most: number; readonly end: number };
    readonly reloads: number;
    readonly restarts: number;
    /** How long it was away after each kill. */
    readonly outagesMs: readonly number[];
  };
  /** What nothing explains; empty for a good run. */
  readonly problems: readonly string[];
}

/** Adds up what came. The first row is the stack before any event. */
export function summarize(seed: number, rows: readonly Row[], problems: readonly string[]): Summary {
  const sum = (pick: (cost: Cost) => number): number => rows.reduce((total, { cost }) => total + pick(cost), 0);
  const memory = rows.map((row) => row.memory);
  return {
    seed,
    seconds: rows.reduce((total, { seconds }) => total + seconds, 0),
    events: addUp([...KINDS.map((kind) => ({ [kind]: 0 })), ...rows.flatMap(({ event }) => (event === undefined ? [] : [{ [event.kind]: 1 }]))]),
    requests: {
      sent: sum(({ sent }) => sent),
      failedInOutages: addUp(rows.map(({ cost }) => cost.failedInOutages)),
      failedOtherwise: addUp(rows.map(({ cost }) => cost.failedOtherwise)),
    },
    webSockets: { opened: sum(({ opened }) => opened), lost: addUp(rows.map(({ cost }) => cost.lost)) },
    sessions: { compared: sum(({ compared }) => compared), moved: sum(({ moved }) => moved) },
    haproxy: {
      memory: { start: memory[0] ?? 0, most: Math.max(...memory), end: memory.at(-1) ?? 0 },
      reloads: rows.filter(({ worker }) => worker === "reloaded").length,
      restarts: rows.filter(({ worker }) => worker === "new container or restart").length,
      outagesMs: rows.flatMap(({ outage }) => (outage === undefined ? [] : [outage.end - outage.start])),
    },
    problems,
  };
}

/** One line for an event, with what it cost. */
export function formatRow({ event, seconds, cost, outage, worker, memory }: Row): string {
  const parts = [
    `${formatTime(Date.now())}  ${(event === undefined ? "end" : describeEvent(event)).padEnd(24)}`,
    `${seconds.toFixed(1).padStart(5)} s`,
    `worker ${worker}`,
    `${cost.sent} requests`,
    `${total(cost.failedOtherwise)} failed${formatTally(cost.failedOtherwise)}`,
    ...(outage === undefined
      ? []
      : [`${total(cost.failedInOutages)} while HAProxy was away for ${outage.end - outage.start} ms${formatTally(cost.failedInOutages)}`]),
    `${total(cost.lost)} WebSockets lost${formatTally(cost.lost)}`,
    mebibytes(memory),
  ];
  return parts.join("  ");
}

/** The report at the end, as lines. */
export function formatSummary({ seed, seconds, events, requests, webSockets, sessions, haproxy, problems }: Summary): string[] {
  const { memory, outagesMs } = haproxy;
  const away = outagesMs.length === 0 ? "" : `, away for ${Math.min(...outagesMs)} to ${Math.max(...outagesMs)} ms each time`;
  return [
    `seed ${seed}, ${seconds.toFixed(0)} s, events: ${Object.entries(events)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(", ")}`,
    `requests: ${requests.sent}, failed ${total(requests.failedOtherwise)}${formatTally(requests.failedOtherwise)}, and while a killed HAProxy was away ${total(requests.failedInOutages)}${formatTally(requests.failedInOutages)}`,
    `WebSockets: ${webSockets.opened} opened, ${total(webSockets.lost)} lost${formatTally(webSockets.lost)}`,
    `sessions: ${sessions.compared} answers compared, ${sessions.moved} by another server than before`,
    `HAProxy: ${haproxy.reloads} reloads, ${haproxy.restarts} restarts${away}; memory of its container ${mebibytes(memory.start)} at the start, ${mebibytes(memory.most)} at most, ${mebibytes(memory.end)} at the end`,
    ...problems.map((problem) => `PROBLEM ${problem}`),
    problems.length === 0 ? "nothing failed without a cause" : `${problems.length} problems`,
  ];
}

function addUp(tallies: readonly Tally[]): Tally {
  const sums: Record<string, number> = {};
  for (const tally of tallies) for (const [cause, count] of Object.entries(tally)) sums[cause] = (sums[cause] ?? 0) + count;
  return sums;
}

const total = (tally: Tally): number => Object.values(tally).reduce((sum, count) => sum + count, 0);

const formatTally = (tally: Tally): string => {
  const parts = Object.entries(tally).map(([cause, count]) => `${count} ${cause}`);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
};

/** `12:34:56.789`, in UTC as HAProxy's log. */
export const formatTime = (ms: number): string => new Date(ms).toISOString().slice(11, 23);

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
