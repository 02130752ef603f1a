import { CONTAINER_PORTS } from "../../src/stack/container-ports.ts";
import { formatMs, formatRatio, printTable, printTargets, type Target } from "../report.ts";
import { interleave, median, type Rounds, ratioOf } from "../samples.ts";
import { balancerConfig, type Mode, minimalConfig, TOPOLOGY } from "./configs.ts";
import { clear, Door, prepare } from "./door.ts";
import { compareHandshakes } from "./handshakes.ts";
import { groupsOf } from "./lines.ts";
import { Client } from "./load.ts";

const WARM_MS = 500;
const LOAD_MS = 2_000;
const MODES: readonly Mode[] = ["sticky", "hash"];
const SCHEMES = ["http", "https"] as const;

/** What a request takes on one way in. */
interface Sample {
  /** Processor time of HAProxy per request, in microseconds. */
  readonly cpu: number;
  readonly perSecond: number;
  /** In milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Measures what a request costs at the door, next to the least haproxy.cfg that does the same. */
export async function benchDoor(rounds: Rounds): Promise<void> {
  try {
    const pem = await prepare();
    for (const scheme of SCHEMES) for (const mode of MODES) await compare(scheme, mode, pem, rounds);
    await compareHandshakes(pem, rounds);
    await compareLines("sticky", pem, rounds);
  } finally {
    await clear();
  }
}

type Scheme = (typeof SCHEMES)[number];

const VARIANTS = {
  minimal: (mode: Mode) => minimalConfig(mode, false),
  "minimal with httplog": (mode: Mode) => minimalConfig(mode, true),
  "accessLog: all": (mode: Mode) => balancerConfig(mode, { accessLog: "all" }),
  "accessLog: errors": (mode: Mode) => balancerConfig(mode, { accessLog: "errors" }),
  "accessLog: off": (mode: Mode) => balancerConfig(mode, { accessLog: "off" }),
} as const;
type Variant = keyof typeof VARIANTS;

/** A config next to the least one that logs as much. */
const TARGETS: readonly (readonly [Variant, Variant])[] = [
  ["accessLog: all", "minimal with httplog"],
  ["accessLog: errors", "minimal"],
  ["accessLog: off", "minimal"],
];

async function compare(scheme: Scheme, mode: Mode, pem: string, rounds: Rounds): Promise<void> {
  const names = Object.keys(VARIANTS) as Variant[];
  const runs = names.map((name) => () => measure(VARIANTS[name](mode), scheme, pem));
  const taken = await interleave(runs, rounds);
  const samplesOf = (name: Variant) => taken[names.indexOf(name)] ?? [];
  const column = (name: Variant, key: keyof Sample) =>
    samplesOf(name).map((sample) => sample?.[key] ?? Number.NaN);
  printTable(
    `${scheme}, ${mode}: what a request takes, medians of ${rounds.count} rounds`,
    ["config", "µs of HAProxy", "requests/s", "p50 ms", "p99 ms"],
    names.map((name) => [
      name,
      median(column(name, "cpu")).toFixed(1),
      median(column(name, "perSecond")).toFixed(0),
      formatMs(column(name, "p50")),
      formatMs(column(name, "p99")),
    ]),
  );
  printTargets(
    TARGETS.map(([ours, theirs]): Target => {
      const ratio = ratioOf(column(ours, "cpu"), column(theirs, "cpu"));
      return {
        text: `${scheme}, ${mode}: ${ours} / ${theirs}`,
        ratio,
        limit: { kind: "at most", value: 1.15 },
      };
    }),
  );
}

/** Leaves out one thing after another that the config does for each request. */
async function compareLines(mode: Mode, pem: string, rounds: Rounds): Promise<void> {
  const config = balancerConfig(mode, { accessLog: "errors" });
  const groups = groupsOf(config);
  const configs = [config, ...groups.map(({ rest }) => rest)];
  const [whole = [], ...others] = await interleave(
    configs.map((each) => () => measure(each, "http", pem)),
    rounds,
  );
  const cpuOf = (samples: readonly (Sample | undefined)[]) =>
    samples.map((sample) => sample?.cpu ?? Number.NaN);
  const rows = groups.map(({ line }, index) => {
    const without = cpuOf(others[index] ?? []);
    const saved = median(cpuOf(whole)) - median(without);
    if (Number.isNaN(saved)) return [shorten(line), "needed", ""];
    return [shorten(line), saved.toFixed(1), formatRatio(ratioOf(cpuOf(whole), without))];
  });
  const all = `${median(cpuOf(whole)).toFixed(1)} µs a request`;
  const title = `${mode}, accessLog: errors: what each part of the config takes of ${all}`;
  printTable(title, ["begins with", "µs", "with / without"], rows);
}

const shorten = (line: string): string =>
  (line.length > 70 ? `${line.slice(0, 69)}…` : line).replaceAll("|", "\\|");

/** Undefined when HAProxy refuses the config. */
async function measure(config: string, scheme: Scheme, pem: string): Promise<Sample | undefined> {
  const client = new Client(
    TOPOLOGY.balancers[0]?.address ?? "",
    CONTAINER_PORTS[scheme],
    scheme === "https",
  );
  const door = await Door.open(config, pem, client);
  if (door === undefined) return undefined;
  try {
    await client.askFor(WARM_MS);
    const before = await door.cpuMicroseconds();
    const { requests, seconds, latencies } = await client.askFor(LOAD_MS);
    const cpu = ((await door.cpuMicroseconds()) - before) / requests;
    const at = (share: number) => latencies[Math.floor(share * (latencies.length - 1))] ?? Number.NaN;
    return { cpu, perSecond: requests / seconds, p50: at(0.5), p99: at(0.99) };
  } finally {
    await door.close();
  }
}
