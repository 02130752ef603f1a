import { setTimeout as sleep } from "node:timers/promises";
import { crashAndRestart } from "../../test/harness/crash.ts";
import { get } from "../../test/harness/load.ts";
import { docker } from "../../test/harness/running-stack.ts";
import type { TestStack } from "../../test/harness/stack.ts";
import { until } from "../../test/harness/until.ts";
import type { SoakEvent } from "./events.ts";
import { type Span, toldEnds } from "./explain.ts";

/** Facts about an event that was made. */
export interface Made {
  readonly outage: Span | undefined;
  readonly told: ReadonlyMap<string, number>;
}

/** HAProxy's checks take so long to see that a server is down. They never see one that is back earlier. */
const CHECKS_MS = 1_500;

/**
 * Makes an event happen, and waits until all is well again.
 * @throws {Error} An update fails, or something does not come back.
 */
export async function make(stack: TestStack, event: SoakEvent): Promise<Made> {
  switch (event.kind) {
    case "scale":
      return update(stack, { count: event.count });
    case "roll-out":
      return update(stack, { "app.env": { PODINFO_UI_MESSAGE: event.version } });
    case "mode":
      return update(stack, { mode: event.mode });
    case "haproxy-kill": {
      const start = await crashAndRestart(stack.haproxyName);
      await until(async () => (await get(stack.url)).status === 200, 20_000, 5);
      const outage = { start, end: Date.now() };
      await allUp(stack, event.count);
      return { outage, told: new Map() };
    }
    case "app-crash":
      await crashAndRestart(`${stack.name}-podinfo${event.server.slice(1)}`);
      await sleep(CHECKS_MS);
      await allUp(stack, event.count);
      return { outage: undefined, told: new Map() };
    default:
      return event satisfies never;
  }
}

async function update(stack: TestStack, changes: Parameters<TestStack["up"]>[0]): Promise<Made> {
  return { outage: undefined, told: toldEnds(await stack.up(changes)) };
}

const allUp = (stack: TestStack, count: number): Promise<void> =>
  until(async () => {
    const servers = [...(await stack.servers()).values()];
    return servers.length === count && servers.every(({ isUp, hasPassed }) => isUp && hasPassed);
  });

/**
 * Reads the memory of HAProxy's container in bytes, as `docker stats` shows it: that of all its processes,
 * without file caches. It is 0 if the container does not run.
 */
export async function haproxyMemory(stack: TestStack): Promise<number> {
  const { memory_stats: memory } = await docker
    .getContainer(stack.haproxyName)
    .stats({ stream: false, "one-shot": true });
  const { usage = 0, stats }: Partial<typeof memory> = memory;
  return usage - (stats?.total_inactive_file ?? stats?.inactive_file ?? 0);
}
