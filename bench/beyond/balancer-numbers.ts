import { setTimeout as sleep } from "node:timers/promises";
import { readPeers } from "../../src/haproxy/runtime/peers.ts";
import { get } from "../../test/harness/load.ts";
import type { SwarmStack } from "../../test/harness/swarm-stack.ts";
import { printTable } from "../report.ts";
import { seconds } from "../swarm/figures.ts";
import type { TimeLeft } from "../swarm/time-left.ts";
import { update } from "../swarm/update.ts";

/** Numbers of balancers, in turn; the rest of a run goes on with the last. */
const NUMBERS = [7, 1, 3];
/** Sizes of a stack tell more than a single balancer, and come after it. */
const OTHERS_S = 300;
const COUNTED_MS = 5_000;
/** podinfo counts what it answered; this is what it is checked by. */
const CHECKS = /^http_request_duration_seconds_count\{method="GET",path="readyz",status="200"\} (\d+)$/m;

/** Gives the stack some numbers of balancers, and prints what each takes. */
export async function measureBalancers(stack: SwarmStack, timeLeft: TimeLeft): Promise<void> {
  const rows: string[][] = [];
  let before = 0;
  for (const count of NUMBERS) {
    if (count === 1 && !timeLeft.hasFor("a single balancer", OTHERS_S)) continue;
    rows.push([String(count), String(before), ...(await measure(stack, count, timeLeft.signal))]);
    before = count;
  }
  printTable(
    "Balancers of a stack with 3 servers: the `up` that has so many, and one with nothing to do",
    ["balancers", "before", "`up`, s", "nothing to do, s", "checks/s of a container", "pairs of peers"],
    rows.toSorted(([a], [b]) => Number(a) - Number(b)),
  );
}

async function measure(stack: SwarmStack, count: number, signal: AbortSignal): Promise<string[]> {
  signal.throwIfAborted();
  const firstMs = await update(stack, stack.onMachines(count));
  signal.throwIfAborted();
  const againMs = await update(stack);
  await stack.readEndpoints();
  const checks = await countChecks(stack, signal);
  const peers = await Promise.all(stack.balancers.map((n) => stack.ask(readPeers, n)));
  const connected = peers.flat().filter(({ isConnected }) => isConnected).length;
  // A pair has one connection, which both of them tell.
  return [seconds(firstMs), seconds(againMs), checks.toFixed(1), String(connected / 2)];
}

/** Counts how often a container is checked in a second. */
async function countChecks(stack: SwarmStack, signal: AbortSignal): Promise<number> {
  const before = await checksOf(stack);
  const start = performance.now();
  await sleep(COUNTED_MS, undefined, { signal });
  const after = await checksOf(stack);
  return ((after - before) * 1_000) / (performance.now() - start);
}

/** Checks that the server of one session has had so far. */
async function checksOf(stack: SwarmStack): Promise<number> {
  const { body } = await get(`${stack.urlOf(1)}/metrics`, { "X-Session-ID": "counted" });
  const count = CHECKS.exec(body)?.[1];
  if (count === undefined) throw new Error(`podinfo does not tell how often it was checked: ${body}`);
  return Number(count);
}
