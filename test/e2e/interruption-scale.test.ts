import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  expectDeclared,
  type Interruption,
  interruptUnderLoad,
  openSocketOn,
  updateAgain,
} from "../harness/interruption.ts";
import { get } from "../harness/load.ts";
import { docker } from "../harness/running-stack.ts";
import { TestStack } from "../harness/stack.ts";

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.create({
    name: "e2e-interruption-scale",
    config: { count: 3, readyTimeout: "15s" },
  });
  await stack.up();
});
afterAll(() => stack?.dispose());

describe("an update that is interrupted under load", () => {
  test.each<Interruption>([
    { what: "a scale-up", by: "SIGKILL", changes: { count: 5 }, at: /podinfo4 creating/, count: 5 },
    {
      what: "a scale-down",
      by: "SIGKILL",
      held: "by a WebSocket",
      changes: { count: 3 },
      at: /s5: \d sessions? left/,
      count: 3,
    },
    { what: "a scale-up", by: "SIGINT", changes: { count: 4 }, at: /podinfo4 creating/, count: 4 },
    { what: "a scale-down", by: "SIGINT twice", changes: { count: 3 }, at: /podinfo4 deleting/, count: 3 },
  ])("$what by $by at $at fails no request, and the next update converges", (interruption) =>
    interruptUnderLoad(stack, interruption),
  );
});

test("an update that was killed does not go on beside the next", async () => {
  const socket = await openSocketOn(stack, "s3");
  const killed = stack.startUp({ count: 2, drainTimeout: "8s" });
  await killed.seen(/s3: \d sessions? left/);
  const seenAt = Date.now();
  killed.kill("SIGKILL");
  await killed.ended;
  stack.configure({ count: 3 });
  const { exitCode, output } = await updateAgain(stack);
  expect(exitCode, output).toBe(0);
  await sleep(seenAt + 9_000 - Date.now()); // the killed one would have closed what is left after 8 s
  expect(socket.wasClosed).toBe(false);
  socket.end();
  await expectDeclared(stack, 3);
});

describe("an update whose HAProxy goes away", () => {
  test("fails when it is stopped in the middle, and the next one brings it back", async () => {
    const update = stack.startUp({ count: 4 });
    await update.seen(/podinfo4 creating/);
    await docker.getContainer(stack.haproxyName).stop({ t: 0 });
    const { exitCode, output } = await update.ended;
    expect(exitCode).not.toBe(0);
    // the second where the sync had begun
    expect(output).toMatch(
      /container e2e-interruption-scale-haproxy1 is exited|HAProxy's runtime API at 127\.0\.0\.1:\d+ (is not reachable|closed|broke)/,
    );
    const again = await updateAgain(stack);
    expect(again.exitCode, again.output).toBe(0);
    await expectDeclared(stack, 4);
    expect((await get(stack.url)).status).toBe(200);
  });

  test("fails when it does not answer, and the next one carries on", async () => {
    const update = stack.startUp({ count: 3 });
    await update.seen(/RuntimeSync .* refresh/);
    await docker.getContainer(stack.haproxyName).pause();
    const { exitCode } = await update.ended;
    await docker.getContainer(stack.haproxyName).unpause();
    expect(exitCode).not.toBe(0);
    const again = await updateAgain(stack);
    expect(again.exitCode, again.output).toBe(0);
    await expectDeclared(stack, 3);
  });
});
