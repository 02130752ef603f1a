import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { STACK_LABEL } from "../../src/docker/labels.ts";
import { PROJECT } from "../../test/harness/pulumi.ts";
import { placeOf } from "../../test/harness/stack-places.ts";
import { BENCH_LABEL } from "../label.ts";
import { formatMs, formatRatio, printTable, printTargets } from "../report.ts";
import { type Rounds, ratioOf } from "../samples.ts";
import { benchCommands } from "./commands.ts";
import type { ProcessKind } from "./processes.ts";
import { BenchStack } from "./stack.ts";

const OPERATIONS = ["nothing to do", "count + 1", "count - 1", "0 to all"] as const;
type Operation = (typeof OPERATIONS)[number];

/** How many app containers the stacks have, and the most that Balancer may take next to bare. */
interface Size {
  readonly apps: number;
  /** Operations are measured in this order, and the last leaves the count that the first starts from. */
  readonly limits: Readonly<Partial<Record<Operation, number>>>;
}

const SIZES: readonly Size[] = [
  { apps: 3, limits: { "nothing to do": 1.1, "count + 1": 1.5, "count - 1": 1.5 } },
  { apps: 60, limits: { "nothing to do": 0.8, "count + 1": 1, "count - 1": 1.5, "0 to all": 1.1 } },
  { apps: 200, limits: { "nothing to do": 0.8 } },
];

/** What Pulumi has to sum up: it replaces nothing, and only containers that are asked for come or go. */
const EXPECTED: Readonly<Record<Operation, RegExp>> = {
  "nothing to do": /^\d+ unchanged$/,
  "count + 1": /^\+ \d created (?!.*(replaced|deleted))/,
  "count - 1": /^(?!.*(replaced|created)).*- \d deleted/,
  "0 to all": /^\+ \d+ created (?!.*(replaced|deleted))/,
};
const WITHOUT_REFRESH = "--refresh=false";

/** Makes the stacks. Git ignores their config, because their names begin with `e2e-`. */
function stacksIn(
  folder: string,
  signal: AbortSignal,
): { readonly balancer: BenchStack; readonly bare: BenchStack } {
  const [{ subnet, ports }, bareAt] = [placeOf("e2e-bench"), placeOf("e2e-bench-bare")];
  const balancer = new BenchStack({
    name: "e2e-bench",
    folder: PROJECT,
    namespace: "balancer",
    config: { subnet, ports: { http: ports.http, runtime: ports.runtime, stats: ports.stats } },
    label: `${STACK_LABEL}=e2e-bench`,
    state: join(folder, "balancer"),
    signal,
  });
  const bare = new BenchStack({
    name: "e2e-bench-bare",
    folder: join(PROJECT, "bench/bare"),
    namespace: "bench-bare",
    config: { prefix: bareAt.prefix, firstPort: String(bareAt.ports.http) },
    label: `${BENCH_LABEL}=bare`,
    state: join(folder, "bare"),
    signal,
  });
  return { balancer, bare };
}

/** Compares `pulumi up` of a Balancer stack with that of a program that only declares the same containers. */
export async function benchPulumi(rounds: Rounds): Promise<void> {
  // All runs use one folder, so a run finds what a killed one left.
  const folder = join(tmpdir(), "balancer-bench");
  const stacks = stacksIn(folder, rounds.signal);
  try {
    for (const size of SIZES) {
      for (const stack of Object.values(stacks)) {
        await stack.create(size.apps);
        await stack.up(size.apps); // the first update after a creation may still write what Docker added
      }
      printSamples(size, await measure(size, stacks, rounds), rounds.count);
      printShares(size, await stacks.balancer.processorSeconds(), await stacks.bare.processorSeconds());
      if (size === SIZES[0]) await benchCommands("e2e-bench", join(folder, "balancer"), rounds);
    }
  } finally {
    await Promise.all(Object.values(stacks).map((stack) => stack.remove()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One of the things that take turns. */
class Series {
  readonly name: string;
  readonly samples: Readonly<Record<Operation, number[]>> = {
    "nothing to do": [],
    "count + 1": [],
    "count - 1": [],
    "0 to all": [],
  };
  readonly #stack: BenchStack;
  readonly #flags: readonly string[];

  constructor(name: string, stack: BenchStack, flags: readonly string[] = []) {
    this.name = name;
    this.#stack = stack;
    this.#flags = flags;
  }

  async run(operation: Operation, apps: number): Promise<void> {
    if (operation === "0 to all") await this.#stack.up(0, ...this.#flags);
    const count = operation === "count + 1" ? apps + 1 : apps;
    this.samples[operation].push(await this.#stack.up(count, ...this.#flags));
    const { summary } = this.#stack;
    if (!EXPECTED[operation].test(summary))
      throw new Error(`${this.name}, ${operation}: pulumi up did something else: ${summary}`);
  }
}

const operationsOf = ({ limits }: Size): Operation[] =>
  OPERATIONS.filter((operation) => limits[operation] !== undefined);

async function measure(
  size: Size,
  { balancer, bare }: ReturnType<typeof stacksIn>,
  { count, signal }: Rounds,
): Promise<readonly Series[]> {
  const series = [
    new Series("Balancer", balancer),
    new Series("bare", bare),
    new Series("bare, no refresh", bare, [WITHOUT_REFRESH]),
  ];
  const [idle, ...changes] = operationsOf(size);
  for (let round = 0; round < count; round++) {
    const turns = round % 2 === 0 ? series : series.toReversed();
    for (const each of turns) if (idle !== undefined) await each.run(idle, size.apps);
    // A series goes up and back at once, because two of them share a stack.
    for (const each of turns) {
      for (const operation of changes) {
        signal.throwIfAborted();
        await each.run(operation, size.apps);
      }
    }
  }
  return series;
}

/** Where the time of an update with nothing to do goes. */
function printShares(size: Size, ...[balancer, bare]: [Shares, Shares]): void {
  const kinds = [...new Set([...balancer.keys(), ...bare.keys()])];
  const cell = (shares: Shares, kind: ProcessKind | "other") => (shares.get(kind) ?? 0).toFixed(2);
  printTable(
    `nothing to do with ${size.apps} app containers: seconds of processor of one update`,
    ["", "Balancer", "bare"],
    kinds.map((kind) => [kind, cell(balancer, kind), cell(bare, kind)]),
  );
}

type Shares = ReadonlyMap<ProcessKind | "other", number>;

function printSamples(size: Size, series: readonly Series[], rounds: number): void {
  const [balancer, bare, withoutRefresh] = series;
  if (balancer === undefined || bare === undefined || withoutRefresh === undefined) return;
  const rows = operationsOf(size).map((operation) => ({
    operation,
    samples: series.map(({ samples }) => samples[operation]),
    ratio: ratioOf(balancer.samples[operation], bare.samples[operation]),
    reference: ratioOf(balancer.samples[operation], withoutRefresh.samples[operation]),
  }));
  printTable(
    `pulumi up of a stack with ${size.apps} app containers: medians of ${rounds} rounds in ms`,
    ["", ...series.map(({ name }) => name), "Balancer / bare", "Balancer / bare, no refresh"],
    rows.map(({ operation, samples, ratio, reference }) => [
      operation,
      ...samples.map(formatMs),
      formatRatio(ratio),
      formatRatio(reference),
    ]),
  );
  printTargets(
    rows.map(({ operation, ratio }) => ({
      text: `pulumi up, ${size.apps} app containers, ${operation}: Balancer next to bare`,
      ratio,
      limit: { kind: "at most", value: size.limits[operation] ?? 0 },
    })),
  );
}
