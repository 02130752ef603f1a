import { afterAll, beforeAll, expect, test } from "vitest";
import { labelsOf } from "../../src/docker/labels.ts";
import { leaveEverywhere } from "../../src/pulumi/provider/app-rotation.ts";
import { DirectStack } from "../harness/direct-stack.ts";
import { EchoSocket } from "../harness/sockets.ts";
import { until } from "../harness/until.ts";

/** HAProxy's runtime API takes ten connections at a time. */
const COUNT = 14;
/** Longer than whoever asks waits for an answer. */
const DRAIN_MS = 6_500;

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-many-drains", { count: COUNT });
});
afterAll(() => stack?.dispose());

async function openOnEach(): Promise<Map<string, EchoSocket>> {
  const open = new Map<string, EchoSocket>();
  for (let n = 0; open.size < COUNT && n < 40 * COUNT; n++) {
    const socket = await EchoSocket.open(stack.url, `socket-${n}`);
    if (open.has(socket.server)) socket.end();
    else open.set(socket.server, socket);
  }
  return open;
}

test("the sessions of more servers than HAProxy takes connections get their time, all at once", async () => {
  const sockets = await openOnEach();
  expect(sockets.size).toBe(COUNT);
  const [standIn] = stack.declared;
  if (standIn === undefined) throw new Error("there is no server");
  const inputs = {
    labels: labelsOf(stack.name, "direct", "app"),
    mode: "sticky" as const,
    standIn,
    balancers: [{ endpoint: stack.runtime, haproxyContainer: stack.haproxyName }],
    atATime: COUNT,
    onFailure: "back" as const,
    check: { path: "/readyz", host: "localhost", status: "200-399" },
    drainTimeoutMs: DRAIN_MS,
    readyTimeoutMs: 10_000,
  };
  const told: string[] = [];
  const start = Date.now();
  const report = (line: string, kind?: string) => void (kind === "progress" || told.push(line));
  await Promise.all(stack.declared.map((server) => leaveEverywhere(inputs, server, report)));
  expect(told.sort()).toEqual(
    stack.declared.map(({ name }) => `${name}: 1 session closed after ${DRAIN_MS / 1_000} s`).sort(),
  );
  await until(async () => [...sockets.values()].every(({ wasClosed }) => wasClosed));
  for (const { closedAt = 0 } of sockets.values()) expect(closedAt - start).toBeGreaterThan(DRAIN_MS - 500);
  expect([...(await stack.servers()).keys()]).toEqual([]);
});
