import { afterAll, beforeAll, describe, test } from "vitest";
import { type Interruption, interruptUnderLoad } from "../harness/interruption.ts";
import type { Config } from "../harness/running-stack.ts";
import { TestStack } from "../harness/stack.ts";

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.create({
    name: "e2e-interruption-rollout",
    config: { count: 3, readyTimeout: "15s" },
  });
  await stack.up();
});
afterAll(() => stack?.dispose());

const message = (text: string): Config => ({ "app.env": { PODINFO_UI_MESSAGE: text } });

describe("an update that is interrupted under load", () => {
  test.each<Interruption>([
    {
      what: "a roll-out",
      by: "SIGKILL",
      changes: message("a"),
      at: /podinfo2 updating .*s2 out of rotation/,
      count: 3,
    },
    { what: "a roll-out", by: "SIGINT twice", changes: message("b"), at: /podinfo2 updating/, count: 3 },
    {
      what: "a roll-out",
      by: "SIGINT",
      changes: message("c"),
      at: /podinfo1 updating .*s1 out of rotation/,
      count: 3,
    },
    {
      what: "a reload",
      by: "SIGKILL",
      held: "by readiness",
      changes: { mode: "hash" },
      at: /RuntimeSync .* updating/,
      count: 3,
    },
    {
      what: "a reload",
      by: "SIGKILL",
      held: "by readiness",
      changes: { mode: "sticky" },
      at: /ConfigFile .* updating/,
      count: 3,
    },
  ])("$what by $by at $at fails no request, and the next update converges", (interruption) =>
    interruptUnderLoad(stack, interruption),
  );
});
