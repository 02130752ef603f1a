import type { WorkerFate } from "../worker.ts";
import { describeEvent, KINDS, type SoakEvent } from "./events.ts";
import type { Cost, Span, Tally } from "./explain.ts";

/** An event and its cost since the event before. `event` is undefined for the time after the last one. */
export interface Row {
  readonly event: SoakEvent | undefined;
  readonly seconds: number;
  readonly cost: Cost;
  readonly outage: Span | undefined;
  /** Fate of HAProxy's worker, and its process id in the container. */
  readonly worker?: { readonly fate: WorkerFate; readonly pid: string | undefined };
  /** Watched sessions that may have another server now, and those of them that have. */
  readonly elsewhere?: { readonly moved: number; readonly known: number };
  /** Memory of HAProxy's container in bytes. */
  readonly memory: number;
}

/** The result of a run. */
export interface Summary {
  readonly seed: number;
  readonly seconds: number;
  readonly events: Tally;
  readonly requests: {
    readonly sent: number;
    readonly failedInOutages: Tally;
    readonly failedOtherwise: Tally;
  };
  readonly webSockets: { readonly opened: number; readonly lost: Tally };
  readonly sessions: { readonly compared: number; readonly moved: number };
  readonly haproxy: {
    /** Memory of its container in bytes. A kill makes it start afresh. */
    readonly memory: { readonly start: number; readonly most: number; readonly end: number };
    readonly reloads: number;
    readonly restarts: number;
    /** Process ids of the workers that followed the first, in the container. */
    readonly workers: readonly string[];
    /** HAProxy was away for so long after each kill. */
    readonly outagesMs: readonly number[];
  };
  /** Problems that nothing explains. A good run has none. */
  readonly problems: readonly string[];
}

/** The events of a run, and its problems. */
export interface Outcome {
  readonly seed: number;
  readonly startMemory: number;
  readonly rows: readonly Row[];
  readonly problems: readonly string[];
}

/** Adds up the events of a run. */
export function summarize({ seed, startMemory, rows, problems }: Outcome): Summary {
  const sum = (pick: (cost: Cost) => number): number =>
    rows.reduce((total, { cost }) => total + pick(cost), 0);
  const memory = [startMemory, ...rows.map((row) => row.memory)];
  const workers = (fate: WorkerFate) => rows.filter(({ worker }) => worker?.fate === fate).length;
  return {
    seed,
    seconds: rows.reduce((total, { seconds }) => total + seconds, 0),
    events: addUp([
      ...KINDS.map((kind) => ({ [kind]: 0 })),
      ...rows.flatMap(({ event }) => (event === undefined ? [] : [{ [event.kind]: 1 }])),
    ]),
    requests: {
      sent: sum(({ sent }) => sent),
      failedInOutages: addUp(rows.map(({ cost }) => cost.failedInOutages)),
      failedOtherwise: addUp(rows.map(({ cost }) => cost.failedOtherwise)),
    },
    webSockets: { opened: sum(({ opened }) => opened), lost: addUp(rows.map(({ cost }) => cost.lost)) },
    sessions: { compared: sum(({ compared }) => compared), moved: sum(({ moved }) => moved) },
    haproxy: {
      memory: { start: startMemory, most: Math.max(...memory), end: memory.at(-1) ?? 0 },
      reloads: workers("reloaded"),
      restarts: workers("new container or restart"),
      workers: rows.flatMap(({ worker }) =>
        worker === undefined || worker.fate === "the same" ? [] : [worker.pid ?? "unknown"],
      ),
      outagesMs: rows.flatMap(({ outage }) => (outage === undefined ? [] : [outage.end - outage.start])),
    },
    problems,
  };
}

/** One line for an event, with what it cost. */
export function formatRow({ event, seconds, cost, outage, worker, elsewhere, memory }: Row): string {
  const away = outage === undefined ? "" : ` for ${outage.end - outage.start} ms`;
  const what = event === undefined ? "end" : describeEvent(event);
  const parts = [
    `${formatTime(Date.now())}  ${what.padEnd(20)} ${seconds.toFixed(1).padStart(6)} s`,
    `${cost.sent} requests, ${total(cost.failedOtherwise)} failed${formatTally(cost.failedOtherwise)}`,
    ...(away === "" && total(cost.failedInOutages) === 0
      ? []
      : [`${total(cost.failedInOutages)} while HAProxy was away${away}${formatTally(cost.failedInOutages)}`]),
    `${total(cost.lost)} WebSockets lost${formatTally(cost.lost)}`,
    ...(elsewhere === undefined ? [] : [`${elsewhere.moved} of ${elsewhere.known} sessions elsewhere`]),
    ...(worker === undefined ? [] : [`worker ${worker.pid}, ${worker.fate}`]),
    mebibytes(memory),
  ];
  return parts.join("; ");
}

/** The report at the end, as lines. */
export function formatSummary({
  seed,
  seconds,
  events,
  requests,
  webSockets,
  sessions,
  haproxy,
  problems,
}: Summary): string[] {
  const { memory, outagesMs } = haproxy;
  const pids = haproxy.workers.length === 0 ? "" : ` (worker pids ${haproxy.workers.join(" ")})`;
  const away =
    outagesMs.length === 0
      ? ""
      : `, away for ${Math.min(...outagesMs)} to ${Math.max(...outagesMs)} ms each time`;
  return [
    `seed ${seed}, ${seconds.toFixed(0)} s, events: ${Object.entries(events)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(", ")}`,
    [
      `requests: ${requests.sent}`,
      `failed ${formatCount(requests.failedOtherwise)}`,
      `and while a killed HAProxy was away ${formatCount(requests.failedInOutages)}`,
    ].join(", "),
    `WebSockets: ${webSockets.opened} opened, ${total(webSockets.lost)} lost${formatTally(webSockets.lost)}`,
    `sessions: ${sessions.compared} answers compared, ${sessions.moved} by another server than before`,
    `HAProxy: ${haproxy.reloads} reloads, ${haproxy.restarts} restarts${pids}${away}`,
    [
      `memory of its container: ${mebibytes(memory.start)} at the start`,
      `${mebibytes(memory.most)} at most`,
      `${mebibytes(memory.end)} at the end`,
    ].join(", "),
    ...problems.map((problem) => `PROBLEM ${problem}`),
    problems.length === 0 ? "nothing failed without a cause" : `${problems.length} problems`,
  ];
}

function addUp(tallies: readonly Tally[]): Tally {
  const sums: Record<string, number> = {};
  for (const tally of tallies)
    for (const [cause, count] of Object.entries(tally)) sums[cause] = (sums[cause] ?? 0) + count;
  return sums;
}

const total = (tally: Tally): number => Object.values(tally).reduce((sum, count) => sum + count, 0);

const formatTally = (tally: Tally): string => {
  const parts = Object.entries(tally).map(([cause, count]) => `${count} ${cause}`);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
};

const formatCount = (tally: Tally): string => `${total(tally)}${formatTally(tally)}`;

/** Writes `12:34:56.789`, in UTC as in HAProxy's log. */
export const formatTime = (ms: number): string => new Date(ms).toISOString().slice(11, 23);

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
