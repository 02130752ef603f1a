import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { textOf } from "../../src/docker/multiplexed.ts";
import { LOG_LIMITS } from "../../src/haproxy/file/access-log.ts";
import { readProcessInfo } from "../../src/haproxy/runtime/process-info.ts";
import { SESSION_BYTES } from "../../src/haproxy/stored-session.ts";
import { DirectStack } from "../harness/direct-stack.ts";
import { sendRaw } from "../harness/raw-requests.ts";
import { docker } from "../harness/running-stack.ts";
import { EchoSocket } from "../harness/sockets.ts";
import { until } from "../harness/until.ts";

type LogLine = Readonly<Record<string, unknown>>;

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-access-log");
});
afterAll(() => stack?.dispose());

/** The whole access log, by line. HAProxy's own notices are on stderr. */
async function readLog(): Promise<string[]> {
  const log = await docker.getContainer(stack.haproxyName).logs({ stdout: true, stderr: false });
  return textOf(log).split("\n").filter(Boolean);
}

const countDropped = async (): Promise<number> => (await stack.ask(readProcessInfo)).droppedLogLines;

const linesOf = async (session: string): Promise<LogLine[]> =>
  (await readLog()).map((line): LogLine => JSON.parse(line)).filter((line) => line.session === session);

test("a request is one line of JSON with who, what, where and how long", async () => {
  const path = "/delay/1?secret=1";
  const first = await fetch(`${stack.url}${path}`, {
    headers: { "X-Session-ID": "log-1", "X-Balancer-Probe": "1" },
  });
  await first.text();
  const cookie = first.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  await (
    await fetch(`${stack.url}/missing`, {
      method: "POST",
      body: "hello",
      headers: { "X-Session-ID": "log-1", cookie },
    })
  ).text();
  await until(async () => (await linesOf("log-1")).length === 2);
  const [one, two] = await linesOf("log-1");
  const server = first.headers.get("X-Balancer-Server");
  expect(server).toMatch(/^s[123]$/);
  expect(cookie).toBe(`SRV_${stack.name}=${server}`);
  expect(one).toMatchObject({
    event: "request",
    client: stack.gateway,
    method: "GET",
    path: "/delay/1",
    status: 200,
    backend: "webservers",
    server,
    termination: "--",
    termination_state: "--NI",
    retries: 0,
    redispatched: false,
  });
  expect(two).toMatchObject({
    event: "request",
    method: "POST",
    path: "/missing",
    status: 404,
    server,
    termination_state: "--VN",
  });
  expect(Math.abs(Date.parse(String(one?.time)) - Date.now())).toBeLessThan(60_000);
  expect(one?.Tr).toBeGreaterThanOrEqual(1000);
  expect(one?.Ta).toBeGreaterThanOrEqual(Number(one?.Tr));
  for (const field of ["client_port", "bytes_in", "bytes_out"])
    expect(one?.[field], field).toBeGreaterThan(0);
  for (const field of ["TR", "Tw", "Tc"]) expect(one?.[field], field).toBeGreaterThanOrEqual(0);
});

test("a WebSocket has a line when it opens, and another with its duration when it closes", async () => {
  const socket = await EchoSocket.open(stack.url, "log-ws");
  await until(async () => (await linesOf("log-ws")).length === 1);
  await sleep(1000);
  const [open] = await linesOf("log-ws");
  expect(open).toMatchObject({ event: "open", status: 101, path: "/ws/echo" });
  socket.end();
  await until(async () => (await linesOf("log-ws")).length === 2);
  const [, close] = await linesOf("log-ws");
  expect(close).toMatchObject({
    event: "close",
    status: 101,
    path: "/ws/echo",
    server: open?.server,
    client_port: open?.client_port,
  });
  expect(close?.Ta).toBeGreaterThanOrEqual(1000);
  expect(close?.bytes_in).toBeGreaterThan(0);
});

test("the server that answers is named to a probe alone", async () => {
  const { headers } = await fetch(stack.url, { headers: { "X-Session-ID": "log-unnamed" } });
  expect(headers.get("X-Balancer-Server")).toBeNull();
  await until(async () => (await linesOf("log-unnamed")).length === 1); // the next test counts lines
});

test("every line parses, whatever a client sends", async () => {
  const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
  const repeated = fc
    .tuple(
      fc.constantFrom('"', "\\", "\u0001", "\t", "\u007f", "ž", "{}", "\xff"),
      fc.integer({ min: 1, max: 8192 }),
    )
    .map(([text, length]) => Buffer.from(text.repeat(length), "latin1").subarray(0, 8192));
  const text = fc.oneof(
    bytes(300),
    repeated,
    fc.string({ unit: "binary", maxLength: 300 }).map((value) => Buffer.from(value)),
  );
  // A line break would end the header or the line, and make of the rest another request.
  const inLine = text.map((value) => Buffer.from(value.filter((byte) => byte !== 10 && byte !== 13)));
  const inPath = inLine.map((value) => Buffer.from(value.filter((byte) => byte > 32 && byte < 127)));
  const method = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom("GET", "POST", "M".repeat(500)) },
    { weight: 1, arbitrary: fc.constant('G"T') },
  );
  const requests = fc.sample(fc.tuple(method, fc.oneof(inPath, inLine), inLine, inLine), {
    numRuns: 600,
    seed: 2026,
  });
  requests.push(["GET", Buffer.from("x"), Buffer.alloc(SESSION_BYTES, "s"), Buffer.from("x")]);
  const [before, droppedBefore] = [(await readLog()).length, await countDropped()];
  for (let at = 0; at < requests.length; at += 20) {
    await Promise.all(
      requests
        .slice(at, at + 20)
        .map(([name, path, session, agent]) =>
          sendRaw(
            "127.0.0.1",
            stack.ports.http,
            Buffer.concat([
              Buffer.from(`${name} /`),
              path,
              Buffer.from(" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Session-ID: "),
              session,
              Buffer.from("\r\nUser-Agent: "),
              agent,
              Buffer.from("\r\n\r\n"),
            ]),
          ),
        ),
    );
  }
  // HAProxy drops a line while its other thread writes one, or when the pipe to Docker is full, and counts
  // it.
  const dropped = async () => (await countDropped()) - droppedBefore;
  await until(async () => (await readLog()).length - before + (await dropped()) >= requests.length);
  const lines = (await readLog()).slice(before);
  expect(lines.length + (await dropped())).toBe(requests.length);
  expect(lines.length).toBeGreaterThan(requests.length / 2);
  const parsed = lines.map((line): LogLine => JSON.parse(line)); // throws at the first that does not
  expect(lines.filter((line) => !/^[ -~]+$/.test(line))).toEqual([]); // other bytes might be no UTF-8
  const refused = parsed.filter(({ status }) => status === 400).length;
  expect(refused).toBeGreaterThan(50);
  expect(parsed.length - refused).toBeGreaterThan(50);
  const longest = (field: string) => Math.max(...parsed.map((line) => String(line[field] ?? "").length));
  expect(longest("session")).toBe(SESSION_BYTES);
  expect(longest("path")).toBe(LOG_LIMITS.path);
  expect(longest("method")).toBe(LOG_LIMITS.method);
});
