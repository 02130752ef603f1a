import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DirectStack } from "../harness/direct-stack.ts";
import { get } from "../harness/load.ts";
import { docker } from "../harness/running-stack.ts";
import { EchoSocket } from "../harness/sockets.ts";
import { until } from "../harness/until.ts";

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-slow-answers", {
    "timeouts.server": "1s",
    "timeouts.tunnel": "2s",
  });
});
afterAll(() => stack?.dispose());

/** Brings the running HAProxy to another config by a reload. */
async function reload(changes: Parameters<DirectStack["declare"]>[0]): Promise<void> {
  await stack.declare(changes);
  await stack.sync();
}

/** How often the apps were asked for a path, as they tell. */
async function countExecuted(path: string): Promise<number> {
  const { stdout } = await stack.command("logs", "--no-follow");
  return stdout.split("\n").filter((line) => line.includes("podinfo") && line.includes(`"uri":"${path}"`))
    .length;
}

/** What the access log tells of the requests for a path. */
async function logged(path: string): Promise<readonly unknown[]> {
  const { stdout } = await stack.command("logs", "--no-follow");
  return [...stdout.matchAll(/^\S+-haproxy1 \| (\{.*\})$/gm)]
    .map(([, line = ""]) => JSON.parse(line))
    .filter((line) => line.path === path);
}

describe("an answer that is silent for longer than timeouts.server", () => {
  test("is begun once, and is 504", async () => {
    expect((await get(`${stack.url}/delay/3`)).status).toBe(504);
    await until(async () => (await countExecuted("/delay/3")) > 0);
    expect(await countExecuted("/delay/3")).toBe(1);
    await until(async () => (await logged("/delay/3")).length === 1);
    expect(await logged("/delay/3")).toMatchObject([{ status: 504, termination: "sH", retries: 0 }]);
  });

  test("is begun on other servers too, where retries.on says response-timeout", async () => {
    await reload({ "retries.on": ["response-timeout"], "retries.count": 2 });
    expect((await get(`${stack.url}/delay/4`)).status).toBe(504);
    await until(async () => (await countExecuted("/delay/4")) === 3);
    await until(async () => (await logged("/delay/4")).length === 1);
    expect(await logged("/delay/4")).toMatchObject([{ status: 504, retries: 2, redispatched: true }]);
  });
});

test("a WebSocket that is silent for longer than timeouts.tunnel is closed, and not before", async () => {
  const socket = await EchoSocket.open(stack.url, "talks");
  const talks = Date.now();
  await until(async () => Date.now() - talks > 3_000);
  expect(socket.wasClosed).toBe(false);
  socket.end();
  const silent = new WebSocket(`${stack.url.replace("http", "ws")}/ws/echo`);
  await once(silent, "open");
  await once(silent, "close");
});

test("headers beyond haproxy.buffer are refused, and pass where it is larger", async () => {
  const long = Object.fromEntries(Array.from({ length: 6 }, (_, n) => [`X-Long-${n}`, "x".repeat(5_000)]));
  expect((await get(`${stack.url}/headers`, long)).status).toBe(431);
  await reload({ "haproxy.buffer": "64k" });
  const { status, body } = await get(`${stack.url}/headers`, long);
  expect(status).toBe(200);
  expect(Object.keys(JSON.parse(body)).filter((name) => name.startsWith("X-Long-"))).toHaveLength(6);
});

test("what a machine had in hand that is gone from the network is repeated on another", async () => {
  await reload({ "timeouts.server": "5m", "retries.on": ["conn-failure", "empty-response"] });
  const session = { "X-Session-ID": "dead", "X-Balancer-Probe": "1" };
  const { server = "" } = await get(stack.url, session);
  const asked = get(`${stack.url}/delay/5`, session);
  await until(async () => (await countExecuted("/delay/5")) === 1);
  const name = `${stack.name}-podinfo${server.slice(1)}`;
  const network = docker.getNetwork(`${stack.name}-balancer`);
  const { NetworkSettings } = await docker.getContainer(name).inspect();
  const IPv4Address = NetworkSettings.Networks[`${stack.name}-balancer`]?.IPAddress ?? "";
  await network.disconnect({ Container: name, Force: true });
  const answer = await asked;
  expect(answer.status).toBe(200);
  expect(answer.server).not.toBe(server);
  await network.connect({ Container: name, EndpointConfig: { IPAMConfig: { IPv4Address } } });
});

test("accessLog leaves out what it says, and `logs` tells so", async () => {
  await reload({ accessLog: "errors", "timeouts.server": "1s" });
  await get(`${stack.url}/version?plain`);
  await get(`${stack.url}/status/503`);
  await until(async () => (await logged("/status/503")).length === 1);
  expect(await logged("/version")).toEqual([]);
  expect((await stack.command("logs", "--no-follow")).stderr).toContain("accessLog is errors: of requests ");
  await reload({ accessLog: "off" });
  await get(`${stack.url}/status/500`);
  await until(async () => (await countExecuted("/status/500")) === 1);
  expect(await logged("/status/500")).toEqual([]);
  expect((await stack.command("logs", "--no-follow")).stderr).toContain("there is no access log");
});
