import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { crashAndRestart } from "../harness/crash.ts";
import { get, mapSessions } from "../harness/load.ts";
import { docker } from "../harness/running-stack.ts";
import { EchoSocket } from "../harness/sockets.ts";
import { TestStack } from "../harness/stack.ts";
import { until } from "../harness/until.ts";

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.create({ name: "e2e-sessions", config: { count: 3 } });
  await stack.up();
});
afterAll(() => stack?.dispose());

/** Session ids that have their home on a server. */
async function sessionsOn(server: string, count: number): Promise<string[]> {
  const { Id } = await docker.getContainer(`${stack.name}-podinfo${server.slice(1)}`).inspect();
  const homes = await mapSessions(
    stack.url,
    Array.from({ length: 60 }, (_, index) => `${server}-${index}`),
  );
  const ids = [...homes].flatMap(([id, home]) => (Id.startsWith(home) ? [id] : [])).slice(0, count);
  expect(ids).toHaveLength(count);
  return ids;
}

describe("a server that is scaled away while it has sessions", () => {
  test("ends a long answer by itself, closes a WebSocket after drainTimeout, and counts it", async () => {
    const [first = "", second = ""] = await sessionsOn("s3", 2);
    const socket = await EchoSocket.open(stack.url, first);
    const slow = get(`${stack.url}/delay/6`, { "X-Session-ID": second });
    await sleep(200);
    // longer than the answer takes, however soon s3 leaves rotation
    const update = stack.startUp({ count: 2, drainTimeout: "8s" });
    await update.seen(/s3: [12] sessions? left; closed in \d+ s/); // while it waits
    // a new request of the same session goes elsewhere
    expect((await get(stack.url, { "X-Session-ID": first })).status).toBe(200);
    expect(socket.wasClosed).toBe(false);
    const { exitCode, output } = await update.ended;
    expect(exitCode).toBe(0);
    expect((await slow).status).toBe(200);
    expect(output).toContain("s3: 1 session closed after 8 s");
    await until(async () => socket.wasClosed);
    expect([...(await stack.servers()).keys()]).toEqual(["s1", "s2"]);
  });
});

describe("a crash", () => {
  test("of HAProxy brings back the same servers under the same addresses", async () => {
    await stack.up({ count: 3 });
    const before = await stack.servers();
    await crashAndRestart(stack.haproxyName); // until then the old worker may answer
    await until(async () => (await get(stack.url)).status === 200, 15_000);
    const after = await stack.servers();
    expect([...after.values()].map(({ name, id, address }) => ({ name, id, address }))).toEqual(
      [...before.values()].map(({ name, id, address }) => ({ name, id, address })),
    );
    await until(() => stack.areAllUp());
    expect(await stack.up()).toMatch(/\d+ unchanged\s+Duration/);
  });

  test("by docker kill, which Docker does not mend, is mended by the next update", async () => {
    await docker.getContainer(stack.haproxyName).kill();
    await docker.getContainer(`${stack.name}-podinfo1`).kill();
    await stack.up();
    expect((await get(stack.url)).status).toBe(200);
    expect([...(await stack.servers()).values()].map(({ name, isUp }) => [name, isUp])).toEqual([
      ["s1", true],
      ["s2", true],
      ["s3", true],
    ]);
  });
});

describe("two at once", () => {
  test("the second is refused by Pulumi's lock, and a runtime command in between harms nothing", async () => {
    const [id = ""] = await sessionsOn("s3", 1);
    const socket = await EchoSocket.open(stack.url, id);
    const first = stack.startUp({ count: 2, drainTimeout: "60s" });
    await first.seen(/s3: 1 session left/); // and until the session ends
    const second = await stack.tryUp();
    expect(second.exitCode).not.toBe(0);
    expect(second.output).toMatch(/the stack is currently locked/);
    await stack.servers();
    socket.end();
    expect((await first.ended).exitCode).toBe(0);
    expect((await stack.servers()).size).toBe(2);
  });
});
