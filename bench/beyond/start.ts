import { readServers } from "../../src/haproxy/runtime/running-state.ts";
import { isInRotation } from "../../src/haproxy/runtime/state.ts";
import { get } from "../../test/harness/load.ts";
import type { SwarmStack } from "../../test/harness/swarm-stack.ts";
import { until } from "../../test/harness/until.ts";

const LONGEST_MS = 60_000;
const LOOK_MS = 20;

/** How long a HAProxy that starts serves less than it shall, from when its engine is told to start it. */
export interface Start {
  /** Until the first request was answered by a server. */
  readonly answersMs: number;
  /** Until all declared servers were in rotation. */
  readonly allMs: number;
}

/** Kills a HAProxy, starts it again, and watches it. It has to ask for the addresses of all its servers. */
export async function measureStart(stack: SwarmStack, n: number, count: number): Promise<Start> {
  const container = stack.engineOf(n).getContainer(stack.haproxyNameOf(n));
  // A busy engine may take longer than it is waited for, so each is asked for until it is so.
  await until(async () => {
    const { State } = await container.inspect();
    if (State.Running) await container.kill();
    return !State.Running;
  }, LONGEST_MS);
  const start = performance.now();
  await until(async () => {
    await container.start();
    return true;
  }, LONGEST_MS);
  const since = async (isSo: () => Promise<boolean>): Promise<number> => {
    await until(isSo, LONGEST_MS, LOOK_MS);
    return performance.now() - start;
  };
  const [answersMs, allMs] = await Promise.all([
    since(async () => (await get(stack.urlOf(n))).status === 200),
    since(async () => (await stack.ask(readServers, n)).filter(isInRotation).length === count),
  ]);
  return { answersMs, allMs };
}
