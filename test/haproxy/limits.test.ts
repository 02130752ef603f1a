import { once } from "node:events";
import { connect } from "node:http2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import { DirectStack } from "../harness/direct-stack.ts";
import { get } from "../harness/load.ts";
import { sendRaw, statusesOf } from "../harness/raw-requests.ts";
import { EchoSocket } from "../harness/sockets.ts";
import { until } from "../harness/until.ts";

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-limits", {
    count: 2,
    balancers: 2,
    "tls.selfSigned": true,
    "limits.requests": "5/10m",
  });
});
afterAll(() => stack?.dispose());

async function reload(changes: Parameters<DirectStack["declare"]>[0]): Promise<void> {
  await stack.declare(changes);
  for (const n of [1, 2]) await stack.sync({}, n);
}

const statuses = async (count: number, n: number, headers: Readonly<Record<string, string>> = {}) => {
  const told: (number | undefined)[] = [];
  for (let sent = 0; sent < count; sent++) told.push((await get(stack.urlOf(n), headers)).status);
  return told;
};

/** What a balancer knows of those who were served. */
const served = (n: number, table: string): Promise<string> =>
  runRaw(stack.runtimeOf(n), command(`show table ${table}`));

describe("limits.requests", () => {
  test("counts what all balancers have served an address, and refuses the rest", async () => {
    expect(await statuses(3, 1)).toEqual([200, 200, 200]);
    await until(async () => (await served(2, "addresses_served")).includes("gpc0_rate(600000)=3"));
    expect(await statuses(3, 2)).toEqual([200, 200, 429]);
    await until(async () => (await served(1, "addresses_served")).includes("gpc0_rate(600000)=5"));
    const refused = await fetch(stack.urlOf(1));
    expect([refused.status, refused.headers.get("Retry-After"), await refused.text()]).toEqual([
      429,
      "600",
      "Too many requests.\n",
    ]);
  });

  test("is told by the probe, which is a client like any other", async () => {
    const { exitCode, stderr } = await stack.command("probe", "--sessions", "10");
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      "answers 429 without naming a server; the probe is a client, and limits.requests",
    );
  });

  test("counts by session where it shall, and those without one by address", async () => {
    await reload({ "limits.by": "session" });
    expect(await statuses(6, 1, { "X-Session-ID": "one" })).toEqual([200, 200, 200, 200, 200, 429]);
    expect(await statuses(1, 1, { "X-Session-ID": "two" })).toEqual([200]);
    await until(async () => (await get(stack.url)).status === 429);
    await until(async () => (await served(2, "sessions_served")).includes("gpc0_rate(600000)=5"));
    expect(await statuses(1, 2, { "X-Session-ID": "one" })).toEqual([429]);
  });

  test("lets a client in again after the time, though it does not wait", async () => {
    await reload({ "limits.requests": "2/1s", "limits.by": "address" });
    await until(async () => (await get(stack.url)).status === 429);
    await until(async () => (await get(stack.url)).status === 200);
  });
});

describe("limits.body", () => {
  beforeAll(() => reload({ "limits.requests": "", "limits.body": "1k" }));

  const post = async (head: string, body: string): Promise<number[]> => {
    const bytes = Buffer.from(`POST /echo HTTP/1.1\r\nHost: a.test\r\n${head}\r\n\r\n${body}`);
    return statusesOf(await sendRaw("127.0.0.1", stack.ports.http, bytes));
  };

  test("refuses a longer body by its length, and one whose length is not told", async () => {
    expect(await post("Content-Length: 1024", "x".repeat(1024))).toEqual([202]);
    expect(await post("Content-Length: 1025", "x".repeat(1025))).toEqual([413]);
    expect(await post("Transfer-Encoding: chunked", "1\r\nx\r\n0\r\n\r\n")).toEqual([411]);
    expect((await get(stack.url)).status).toBe(200);
  });

  test("does the same over HTTP/2, whenever the body comes", async () => {
    const session = connect(stack.httpsUrlOf(1), { rejectUnauthorized: false });
    try {
      const ask = async (method: string, body: string | undefined, length?: number) => {
        const stream = session.request(
          {
            ":method": method,
            ":path": method === "GET" ? "/" : "/echo",
            ...(length !== undefined && { "content-length": length }),
          },
          { endStream: body === undefined },
        );
        if (body !== undefined) stream.end(body);
        stream.on("error", () => {}); // HAProxy may reset what it has refused
        const [{ ":status": status }] = await once(stream, "response");
        stream.destroy();
        return status;
      };
      expect(await ask("GET", undefined)).toBe(200);
      expect(await ask("POST", "x".repeat(1024), 1024)).toBe(202);
      expect(await ask("POST", "x".repeat(1025), 1025)).toBe(413);
      expect(await ask("POST", "x")).toBe(411);
      expect(await ask("GET", "x")).toBe(411);
    } finally {
      session.destroy();
    }
  });

  test("lets WebSockets be", async () => {
    const socket = await EchoSocket.open(stack.url, "limited");
    await until(async () => socket.echoes > 2);
    socket.end();
  });
});
