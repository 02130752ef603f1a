import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import { readSessions } from "../../src/haproxy/runtime/running-state.ts";
import type { RunningServer } from "../../src/haproxy/runtime/state.ts";
import { DirectStack } from "../harness/direct-stack.ts";
import { isHaproxyAtLeast } from "../harness/haproxy-image.ts";
import { get, Load } from "../harness/load.ts";
import { serverFor } from "../harness/raw-socket.ts";
import { docker } from "../harness/running-stack.ts";
import { EchoSocket } from "../harness/sockets.ts";
import { placeOf } from "../harness/stack-places.ts";
import { until } from "../harness/until.ts";

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-sync");
});
afterAll(() => stack?.dispose());

const run = (line: string) => runRaw(stack.runtime, command(line));
const names = async () => [...(await stack.servers()).keys()].sort();
const addressOf = (server: number) => `${placeOf(stack.name).prefix}.${10 + server}`;

async function expectDeclared(): Promise<void> {
  let servers: RunningServer[] = [];
  // While a check is under way HAProxy tells no result of the one before.
  await until(async () => {
    servers = [...(await stack.servers()).values()].sort((a, b) => a.id - b.id);
    return servers.every(({ hasPassed }) => hasPassed);
  });
  expect(servers.map(({ name }) => name)).toEqual(stack.declared.map(({ name }) => name));
  for (const [index, server] of servers.entries())
    expect(server).toMatchObject({
      id: index + 1,
      address: addressOf(index + 1),
      port: 9898,
      adminState: "ready",
      isUp: true,
      hasPassed: true,
      weight: 100,
      isChecked: true,
      cookie: server.name,
    });
}

/** A session that is on a server, and will stay there. */
async function sessionOn(server: string): Promise<string> {
  for (let tried = 0; tried < 100; tried++) {
    const id = `${server}-${Date.now()}-${tried}`;
    if ((await serverFor(stack.ports.http, id)) === server) return id;
  }
  throw new Error(`none of 100 sessions came to ${server}`);
}

describe("what somebody changed by hand is mended without a failed request and without a reload", () => {
  test.each([
    { what: "a weight", lines: ["set server webservers/s1 weight 3"] },
    {
      what: "a server that is gone",
      lines: [
        "set server webservers/s2 state maint",
        "wait 5s srv-removable webservers/s2",
        "del server webservers/s2",
      ],
    },
    { what: "a server in maintenance", lines: ["disable server webservers/s3"] },
    { what: "a server that drains", lines: ["set server webservers/s2 state drain"] },
    { what: "an address", lines: ["set server webservers/s1 addr 172.28.142.12 port 9898"] },
    { what: "a port", lines: ["set server webservers/s1 addr 172.28.142.11 port 9899"] },
    { what: "a check that is off", lines: ["disable health webservers/s3"] },
    {
      what: "a server that nobody declared",
      lines: ["add server webservers/s9 172.28.142.11:9898 id 9", "enable server webservers/s9"],
    },
    {
      what: "another server under a declared id",
      lines: [
        "set server webservers/s2 state maint",
        "wait 5s srv-removable webservers/s2",
        "del server webservers/s2",
        "add server webservers/x 172.28.142.12:9898 id 2 check cookie x",
        "enable server webservers/x",
      ],
    },
    {
      what: "another cookie under a declared name",
      lines: [
        "set server webservers/s2 state maint",
        "wait 5s srv-removable webservers/s2",
        "del server webservers/s2",
        "add server webservers/s2 172.28.142.12:9898 id 2 check cookie other weight 100",
        "enable server webservers/s2",
      ],
    },
  ])("$what", async ({ lines }) => {
    const before = await stack.haproxyIdentity();
    for (const line of lines) await run(line);
    const load = new Load(stack.url, { clients: 4 });
    await stack.sync();
    await load.settle();
    const { failures } = await load.stop();
    await expectDeclared();
    expect(failures).toEqual([]);
    expect(await stack.haproxyIdentity()).toEqual(before);
  });
});

describe("a server in maintenance", () => {
  test("gets no traffic before a check finds it up", async () => {
    const { Config } = await docker.getContainer(`${stack.name}-podinfo3`).inspect();
    const readiness = (state: string) =>
      fetch(`http://${addressOf(3)}:9898/readyz/${state}`, { method: "POST" });
    await run("disable server webservers/s3");
    await readiness("disable");
    const load = new Load(stack.url, { clients: 4 });
    await expect(stack.sync({ readyTimeoutMs: 3_000 })).rejects.toThrow(
      /not up within 3 s \(readyTimeout\): s3 \(direct-sync-podinfo3, [\d.:]+\): DOWN L7STS/,
    );
    const { answeredBy, failures } = await load.stop();
    expect([...answeredBy.keys()]).not.toContain(Config.Hostname);
    expect(answeredBy.size).toBe(2);
    expect(failures).toEqual([]);
    await readiness("enable");
    await stack.sync();
    await expectDeclared();
  });

  test("keeps its WebSockets when it leaves it, over a reload as well", async () => {
    const sockets = await Promise.all(
      Array.from({ length: 12 }, (_, n) => EchoSocket.open(stack.url, `kept-${n}`)),
    );
    expect(sockets.some(({ server }) => server === "s3")).toBe(true);
    const { pid } = await stack.haproxyIdentity();
    await run("disable server webservers/s3");
    await stack.declare({ "app.readyPath": "/healthz" });
    expect(await stack.sync()).toContainEqual(expect.stringContaining("reload: config"));
    expect((await stack.haproxyIdentity()).pid).not.toBe(pid);
    const echoes = sockets.map((socket) => socket.echoes);
    await until(async () => sockets.every((socket, index) => socket.echoes > (echoes[index] ?? 0)));
    expect(sockets.filter(({ wasClosed }) => wasClosed).map(({ server }) => server)).toEqual([]);
    for (const socket of sockets) socket.end();
    await expectDeclared();
  });
});

describe("a server that is declared no longer", () => {
  beforeEach(async () => {
    await stack.declare({ count: 3 });
    await stack.sync();
    await expectDeclared();
    await stack.declare({ count: 2 });
  });

  test("goes at once where it has no session, and no request fails", async () => {
    const load = new Load(stack.url);
    await sleep(500);
    const start = Date.now();
    expect((await stack.sync({ drainTimeoutMs: 60_000 })).join("\n")).not.toMatch(/sessions? (left|closed)/);
    expect(Date.now() - start).toBeLessThan(10_000);
    const { failures } = await load.stop();
    expect(await names()).toEqual(["s1", "s2"]);
    expect(failures).toEqual([]);
  });

  test("ends a long answer by itself, and closes a WebSocket after its time", async () => {
    const [first, second] = [await sessionOn("s3"), await sessionOn("s3")];
    const socket = await EchoSocket.open(stack.url, first);
    const slow = get(`${stack.url}/delay/3`, { "X-Session-ID": second });
    await sleep(200);
    const synced = stack.sync({ drainTimeoutMs: 5_000 });
    await until(async () => (await stack.servers()).get("s3")?.adminState === "maint");
    expect((await get(stack.url, { "X-Session-ID": first, "X-Balancer-Probe": "1" })).server).not.toBe("s3");
    expect(socket.wasClosed).toBe(false);
    const told = await synced;
    expect((await slow).status).toBe(200);
    expect(told).toContainEqual(expect.stringMatching(/^s3: [12] sessions? left; closed in \d s$/));
    expect(told).toContain("s3: 1 session closed after 5 s");
    await until(async () => socket.wasClosed);
    expect(await names()).toEqual(["s1", "s2"]);
  });

  test("goes as soon as its last session has ended", async () => {
    const socket = await EchoSocket.open(stack.url, await sessionOn("s3"));
    const start = Date.now();
    const synced = stack.sync({ drainTimeoutMs: 60_000 });
    await sleep(1_500);
    expect(await names()).toEqual(["s1", "s2", "s3"]);
    socket.end();
    expect(await synced).toContainEqual(expect.stringMatching(/^s3: 1 session left; closed in \d+ s$/));
    expect(Date.now() - start).toBeLessThan(20_000);
    expect(await names()).toEqual(["s1", "s2"]);
  });

  test("is not held by a client that left while the app goes on with its answer", async () => {
    const client = new AbortController();
    const id = await sessionOn("s3");
    const held = fetch(`${stack.url}/delay/12`, { headers: { "X-Session-ID": id }, signal: client.signal });
    await sleep(300);
    client.abort();
    await expect(held).rejects.toThrow();
    // HAProxy 3.4 ends a request with its client, and has nothing to close.
    const endsIt = isHaproxyAtLeast("3.4");
    if (endsIt) await until(async () => (await stack.ask(readSessions)).get("s3") === 0);
    const told = await stack.sync({ drainTimeoutMs: 1_000 });
    expect(told.includes("s3: 1 session closed after 1 s")).toBe(!endsIt);
    expect(await names()).toEqual(["s1", "s2"]);
  });
});
