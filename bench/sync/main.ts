import { renderConfig } from "../../src/haproxy/file/render.ts";
import { planServers } from "../../src/haproxy/servers/update-plan.ts";
import { formatMs, formatRatio, printTable, printTargets, type Target } from "../report.ts";
import { interleave, type Ratio, type Rounds, ratioOf, time } from "../samples.ts";
import { startHaproxy, stopHaproxy, topologyOf } from "./haproxy.ts";
import {
  BatchedVariant,
  OneByOneVariant,
  type Profile,
  type Sample,
  SyncVariant,
  type Variant,
} from "./variants.ts";

const COUNTS = [100, 1_000];
const WAYS = ["up", "down", "both"] as const;

/** Compares `sync` with the bare commands, on a real HAProxy. */
export async function benchSync(rounds: Rounds): Promise<void> {
  try {
    await startHaproxy();
    for (const count of COUNTS) await benchCount(count, rounds);
  } finally {
    await stopHaproxy();
  }
}

/** The samples of one variant, in milliseconds. */
interface Samples {
  readonly total: readonly number[];
  readonly waiting: readonly number[];
  /** Time without the waiting, which no way of sending commands shortens. */
  readonly working: readonly number[];
}

interface Row {
  readonly ours: Samples;
  readonly batched: Samples;
  readonly oneByOne: Samples;
}

/** Comparisons. One with a limit has a target for the whole way up and back. */
const COMPARISONS: readonly {
  readonly text: string;
  readonly ratio: (row: Row) => Ratio;
  readonly limit?: Target["limit"];
}[] = [
  {
    text: "sync / batched",
    ratio: ({ ours, batched }) => ratioOf(ours.total, batched.total),
    limit: { kind: "at most", value: 2 },
  },
  {
    text: "sync / batched, without waits",
    ratio: ({ ours, batched }) => ratioOf(ours.working, batched.working),
    limit: { kind: "at most", value: 2 },
  },
  {
    text: "one by one / sync",
    ratio: ({ ours, oneByOne }) => ratioOf(oneByOne.total, ours.total),
    limit: { kind: "at least", value: 10 },
  },
  {
    text: "one by one / sync, without waits",
    ratio: ({ ours, oneByOne }) => ratioOf(oneByOne.working, ours.working),
    limit: { kind: "at least", value: 10 },
  },
  { text: "one by one / batched", ratio: ({ batched, oneByOne }) => ratioOf(oneByOne.total, batched.total) },
];

async function benchCount(count: number, rounds: Rounds): Promise<void> {
  const topology = topologyOf(count);
  const sync = new SyncVariant(topology.servers);
  const variants = [
    sync,
    new BatchedVariant(topology.servers),
    new OneByOneVariant(topology.servers),
  ] as const;
  const upAndDown = variants.map((variant) => () => measure(variant));
  await interleave(upAndDown, { ...rounds, count: 1 }); // the first run of any code is the slowest
  sync.profiles.up.length = 0;
  sync.profiles.down.length = 0;
  const [ours = [], batched = [], oneByOne = []] = await interleave(upAndDown, rounds);

  const rows = WAYS.map((way) => ({
    way,
    ours: pick(ours, way),
    batched: pick(batched, way),
    oneByOne: pick(oneByOne, way),
  }));
  printTable(
    [
      `${count} servers, from none to all and back: medians of ${rounds.count} rounds in ms`,
      '"waits" is the part of waiting for health checks',
    ].join("; "),
    ["way", "sync", "waits", "batched", "waits", "one by one", "waits"],
    rows.map((row) => [
      row.way,
      ...[row.ours, row.batched, row.oneByOne].flatMap(({ total, waiting }) => [
        formatMs(total),
        formatMs(waiting),
      ]),
    ]),
  );
  printTable(
    `${count} servers: ratios of the medians (least and most of the rounds)`,
    ["", ...WAYS],
    COMPARISONS.map(({ text, ratio }) => [text, ...rows.map((row) => formatRatio(ratio(row)))]),
  );
  printProfile(count, sync);
  const both = rows.find(({ way }) => way === "both");
  if (both !== undefined) {
    const targets = COMPARISONS.flatMap(({ text, ratio, limit }) =>
      limit === undefined ? [] : [{ text: `${count} servers: ${text}`, ratio: ratio(both), limit }],
    );
    printTargets(targets);
  }
  if (count === Math.max(...COUNTS)) await benchPlanning(sync, pick(ours, "both").total, rounds);
}

async function measure(variant: Variant): Promise<{ up: Sample; down: Sample }> {
  return { up: await variant.up(), down: await variant.down() };
}

function pick(
  samples: readonly { readonly up: Sample; readonly down: Sample }[],
  way: (typeof WAYS)[number],
): Samples {
  const chosen = samples.map(({ up, down }) => {
    if (way !== "both") return { up, down }[way];
    return { totalMs: up.totalMs + down.totalMs, waitingMs: up.waitingMs + down.waitingMs };
  });
  return {
    total: chosen.map(({ totalMs }) => totalMs),
    waiting: chosen.map(({ waitingMs }) => waitingMs),
    working: chosen.map(({ totalMs, waitingMs }) => totalMs - waitingMs),
  };
}

function printProfile(count: number, { profiles }: SyncVariant): void {
  const of = (list: readonly Profile[], key: keyof Profile): number[] => list.map((profile) => profile[key]);
  printTable(
    `${count} servers: where the time of sync goes, medians in ms`,
    ["way", "changing", "waiting", "reading state", "computing", "bytes read"],
    (["up", "down"] as const).map((way) => {
      const list = profiles[way];
      const times = (["changing", "waiting", "reading", "computing"] as const).map((key) =>
        formatMs(of(list, key)),
      );
      return [way, ...times, formatMs(of(list, "bytesRead"))];
    }),
  );
}

/** Measures planning both ways and rendering the file, without HAProxy. */
async function benchPlanning(
  { running }: SyncVariant,
  syncMs: readonly number[],
  rounds: Rounds,
): Promise<void> {
  const topology = topologyOf(running.servers.length);
  const work = [
    () => time(() => [planServers(topology.servers, []), planServers([], running.servers)]),
    () => time(() => renderConfig(topology)),
  ];
  await interleave(work, { ...rounds, count: 3 });
  const [planning = [], rendering = []] = await interleave(work, rounds);
  const together = planning.map((planMs, round) => planMs + (rendering[round] ?? Number.NaN));
  const ratio = ratioOf(together, syncMs);
  printTable(
    `${topology.servers.length} servers: planning both ways and rendering haproxy.cfg, medians in ms`,
    ["", "planning", "rendering", "together", "together / sync"],
    [["alone", formatMs(planning), formatMs(rendering), formatMs(together), formatRatio(ratio)]],
  );
  printTargets([
    { text: "planning and rendering next to sync", ratio, limit: { kind: "at most", value: 0.1 } },
  ]);
}
