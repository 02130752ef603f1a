import { DirectStack } from "../harness/direct-stack.ts";
import { describeScaling } from "../harness/scaling.ts";

// test/e2e/scaling.test.ts has the other mode, and what Pulumi has to do with it
describeScaling("hash", {
  create: () => DirectStack.create("direct-scaling", { mode: "hash", count: 3 }),
  scale: (stack, count) => stack.update({ count }),
  pauseMs: 5, // it takes few seconds
});
