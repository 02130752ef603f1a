import { afterAll, beforeAll, expect, test } from "vitest";
import { DirectStack } from "../harness/direct-stack.ts";
import { mapSessions } from "../harness/load.ts";
import { readTable } from "../harness/peers.ts";
import { until } from "../harness/until.ts";

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-peers", { balancers: 3 });
});
afterAll(() => stack?.dispose());

const ALL = [1, 2, 3] as const;

test("a session learned on one balancer sticks on the others within 100 ms", async () => {
  const delaysMs: number[] = [];
  for (const [round, learner] of [1, 2, 3, 1, 2, 3, 1, 2, 3].entries()) {
    const id = `learned-${round}`;
    const host = (await mapSessions(stack.urlOf(learner), [id])).get(id);
    const start = performance.now();
    await until(
      async () => (await Promise.all(ALL.map((n) => readTable(stack, n)))).every((table) => table.has(id)),
      2_000,
      5,
    );
    delaysMs.push(performance.now() - start);
    for (const n of ALL) expect([...(await mapSessions(stack.urlOf(n), [id])).values()]).toEqual([host]);
  }
  // the median: a machine that does other things besides may hold a round up, but not most of them
  expect(delaysMs.sort((a, b) => a - b)[4]).toBeLessThan(100);
});
