import { setTimeout as sleep } from "node:timers/promises";
import { readProcessInfo } from "../../src/haproxy/runtime/process-info.ts";
import { shellIn } from "../../test/harness/shell.ts";
import type { SwarmStack } from "../../test/harness/swarm-stack.ts";

/** A worker that has just begun still looks for every name. */
const SETTLE_MS = 3_000;

/** What processes take, one on the machine of each balancer. */
export interface Usage {
  /** Shares of a core. */
  readonly cpu: readonly number[];
  readonly memory: readonly number[];
}

/** What a process has had so far. */
interface Taken {
  readonly atMs: number;
  readonly ranMs: number;
  /** In bytes. */
  readonly memory: number;
}

/** Looks at something, and again when some time has passed. */
export async function lookTwice<T>(
  look: () => T | Promise<T>,
  ms: number,
  signal: AbortSignal,
): Promise<readonly [before: T, after: T]> {
  const before = await look();
  await sleep(ms, undefined, { signal });
  return [before, await look()];
}

/** Measures what processes take in some time. */
export async function measureUsage(
  look: () => Promise<readonly Taken[]>,
  ms: number,
  signal: AbortSignal,
): Promise<Usage> {
  const [before, after] = await lookTwice(look, ms, signal);
  return {
    cpu: after.map((now, index) => {
      const { ranMs = 0, atMs = 0 } = before[index] ?? {};
      return (now.ranMs - ranMs) / (now.atMs - atMs);
    }),
    memory: after.map(({ memory }) => memory),
  };
}

/** Measures the worker of each balancer of a stack that nobody asks anything. */
export async function measureIdle(stack: SwarmStack, idleMs: number, signal: AbortSignal): Promise<Usage> {
  const { balancers } = stack;
  await sleep(SETTLE_MS, undefined, { signal });
  const pids = await Promise.all(balancers.map((n) => stack.ask(readProcessInfo, n)));
  const look = () => Promise.all(balancers.map((n, index) => lookAt(stack, n, pids[index]?.pid)));
  return measureUsage(look, idleMs, signal);
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
