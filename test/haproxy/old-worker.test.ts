import { afterAll, beforeAll, expect, test } from "vitest";
import { DirectStack } from "../harness/direct-stack.ts";
import { EchoSocket } from "../harness/sockets.ts";
import { until } from "../harness/until.ts";

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-old-worker", { count: 4, drainTimeout: "5s" });
});
afterAll(() => stack?.dispose());

test("a WebSocket of before a reload has drainTimeout when its server goes, and is told of", async () => {
  const sockets = await Promise.all(
    Array.from({ length: 12 }, (_, index) => EchoSocket.open(stack.url, `old-${index}`)),
  );
  const onLast = sockets.filter(({ server }) => server === "s4");
  expect(onLast.length).toBeGreaterThan(0);
  await stack.update({ mode: "hash" });
  const start = Date.now();
  const firstClosed = Promise.race(onLast.map(({ ended }) => ended)).then(() => Date.now());
  const told = await stack.update({ count: 3 });
  expect(told).toContainEqual(
    expect.stringMatching(/^s4: \d+ sessions? of before a reload left; closed in \d s$/),
  );
  expect(told).toContainEqual(
    expect.stringMatching(
      new RegExp(`^s4: ${onLast.length} sessions? of before a reload closed after 5 s, with the container$`),
    ),
  );
  await until(async () => onLast.every(({ wasClosed }) => wasClosed));
  expect((await firstClosed) - start).toBeGreaterThan(5_000);
  expect(sockets.filter(({ wasClosed }) => wasClosed)).toEqual(onLast);
  for (const socket of sockets) socket.end();
});
