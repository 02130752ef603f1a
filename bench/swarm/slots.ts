import { setTimeout as sleep } from "node:timers/promises";
import { readProcessInfo } from "../../src/haproxy/runtime/process-info.ts";
import { shellIn } from "../../test/harness/shell.ts";
import type { SwarmStack } from "../../test/harness/swarm-stack.ts";
import { formatRatio, printTable } from "../report.ts";
import { ratioOf } from "../samples.ts";
import { DEATHS_S } from "./deaths.ts";
import { spread } from "./figures.ts";
import type { TimeLeft } from "./time-left.ts";
import { update } from "./update.ts";

export const FEW_SLOTS = 32;
const MANY_SLOTS = 256;
const SERVERS = 3;
const IDLE_MS = 20_000;
/** A worker that has just begun still looks for every name. */
const SETTLE_MS = 3_000;
const BYTES_PER_MB = 1_000_000;

/** What HAProxy's workers take, that of each balancer. */
export interface Usage {
  /** Shares of a core. */
  readonly cpu: readonly number[];
  readonly memory: readonly number[];
}

/** Compares what HAProxy's worker takes with few slots, as it was measured, and with many. */
export async function compareSlots(stack: SwarmStack, few: Usage, timeLeft: TimeLeft): Promise<void> {
  // Deaths tell more, and come after it.
  if (!timeLeft.hasFor(`${MANY_SLOTS} slots`, 45 + DEATHS_S)) return;
  await update(stack, { count: SERVERS, slots: MANY_SLOTS });
  const many = await measureIdle(stack, timeLeft.signal);
  const row = (slots: number, { cpu, memory }: Usage): string[] => [
    String(slots),
    spread(cpu, (share = 0) => (share * 100).toFixed(2)),
    spread(memory, (bytes = 0) => (bytes / BYTES_PER_MB).toFixed(1)),
  ];
  const ratio = (key: keyof Usage): string => formatRatio(ratioOf(many[key], few[key]));
  printTable(
    [
      `HAProxy's worker with ${SERVERS} declared servers, idle for ${IDLE_MS / 1000} s:`,
      "median of the three balancers (least–most)",
    ].join(" "),
    ["slots", "% of a core", "memory, MB"],
    [
      row(FEW_SLOTS, few),
      row(MANY_SLOTS, many),
      [`${MANY_SLOTS} / ${FEW_SLOTS}`, ratio("cpu"), ratio("memory")],
    ],
  );
}

/** Measures the worker of each balancer of a stack that nobody asks anything. */
export async function measureIdle(stack: SwarmStack, signal: AbortSignal): Promise<Usage> {
  const { numbers } = stack.machines;
  await sleep(SETTLE_MS, undefined, { signal });
  const pids = await Promise.all(numbers.map((n) => stack.ask(readProcessInfo, n)));
  const look = () => Promise.all(numbers.map((n, index) => lookAt(stack, n, pids[index]?.pid)));
  const before = await look();
  await sleep(IDLE_MS, undefined, { signal });
  const after = await look();
  return {
    cpu: after.map((now, index) => {
      const { ranMs = 0, atMs = 0 } = before[index] ?? {};
      return (now.ranMs - ranMs) / (now.atMs - atMs);
    }),
    memory: after.map(({ memory }) => memory),
  };
}

/**
 * Reads what a worker has had so far, as the kernel of its machine tells it in its container. The engine
 * counts the master process as well, and the workers of before a reload.
 */
async function lookAt(stack: SwarmStack, n: number, pid: number | undefined) {
  const container = stack.engineOf(n).getContainer(stack.haproxyNameOf(n));
  const line = `cat /proc/uptime /proc/${pid}/task/*/schedstat; grep VmRSS /proc/${pid}/status`;
  const [uptime = "", ...lines] = (await shellIn(container, line)).split(/\r?\n/);
  const threads = lines.flatMap((text) => /^(\d+) \d+ \d+$/.exec(text)?.[1] ?? []);
  const memory = /^VmRSS:\s+(\d+) kB$/.exec(lines.at(-1) ?? "")?.[1];
  if (threads.length === 0 || memory === undefined)
    throw new Error(`HAProxy of machine ${n} does not tell what it takes: ${uptime} ${lines.join(" ")}`);
  return {
    atMs: Number(uptime.split(" ")[0]) * 1_000,
    ranMs: threads.reduce((sum, nanoseconds) => sum + Number(nanoseconds), 0) / 1_000_000,
    memory: Number(memory) * 1024,
  };
}
