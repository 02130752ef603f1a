import { once } from "node:events";
import { request } from "node:http";
import { connect, type OutgoingHttpHeaders } from "node:http2";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import { readStats } from "../../src/haproxy/runtime/running-state.ts";
import { DirectStack } from "../harness/direct-stack.ts";
import { get, Load } from "../harness/load.ts";
import { MALFORMED_REQUESTS } from "../harness/malformed/requests.ts";
import { sendRaw, statusesOf } from "../harness/raw-requests.ts";
import {
  buildRecordingApp,
  RECORDING_APP,
  type RecordedRequest,
  readRecord,
  readRequests,
  removeRecordingApp,
  valuesOf,
} from "../harness/recording-app.ts";
import { docker } from "../harness/running-stack.ts";
import { SlowClients } from "../harness/slow-clients.ts";
import { until } from "../harness/until.ts";

let stack: DirectStack;

afterAll(removeRecordingApp);

/** HAProxy's own address: a published port would have Docker's proxy in between. */
const haproxy = (): string => stack.gateway.replace(/1$/, "2");
const AT_A_TIME = 20;

async function sendAll(
  requests: readonly { readonly bytes: Buffer; readonly isRefusedLate?: boolean }[],
): Promise<number[][]> {
  const answers: string[] = [];
  for (let at = 0; at < requests.length; at += AT_A_TIME) {
    answers.push(
      ...(await Promise.all(
        requests
          .slice(at, at + AT_A_TIME)
          .map(({ bytes, isRefusedLate }) => sendRaw(haproxy(), 8080, bytes, isRefusedLate)),
      )),
    );
  }
  return answers.map(statusesOf);
}

const plain = (path: string): Buffer => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`);

describe("an app that prints each byte", () => {
  beforeAll(async () => {
    await buildRecordingApp();
    stack = await DirectStack.create("direct-recording", { ...RECORDING_APP, count: 1 });
  });
  afterAll(() => stack?.dispose());

  test("tells two requests from one, and odd ones from others, so that the next test can fail", async () => {
    await sendAll([{ bytes: Buffer.concat([plain("/first"), plain("/second")]) }]);
    await until(async () => (await readRecord(stack)).length >= 2);
    expect((await readRecord(stack)).map(({ path }) => path)).toEqual(["/first", "/second"]);
    const head = "POST / HTTP/1.1\r\nhost: a\r\n";
    for (const odd of [
      "content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
      "content-length: +1\r\n\r\n1",
      "Content-Length: 0\r\n\r\n",
      "x : x\r\n\r\n",
    ]) {
      expect(() => readRequests(head + odd)).toThrow("not all programs read alike");
    }
  });

  test(`gets of ${MALFORMED_REQUESTS.length} malformed requests none, or one that is plain`, async () => {
    expect(MALFORMED_REQUESTS.length).toBeGreaterThan(200);
    const before = (await readRecord(stack)).length;
    const statuses = await sendAll(MALFORMED_REQUESTS);
    const passed = MALFORMED_REQUESTS.filter(({ isRefused }) => !isRefused);
    await sendAll([{ bytes: plain("/last") }]);
    await until(async () => (await readRecord(stack)).some(({ path }) => path === "/last"));
    const whole = (await readRecord(stack)).slice(before).filter(({ isWhole }) => isWhole);

    const outcomes = MALFORMED_REQUESTS.map(({ what, path, smuggledPath, isRefused }, index) => ({
      what,
      isRefused,
      received: whole.filter((each) => pathOf(each) === path).length,
      smuggled: whole.filter((each) => pathOf(each) === smuggledPath).length,
      statuses: statuses[index] ?? [],
    }));
    const wrong = outcomes.filter(
      ({ isRefused, received, smuggled, statuses: [first, ...more] }) =>
        smuggled !== 0 ||
        received !== (isRefused ? 0 : 1) ||
        (isRefused ? first !== undefined && !isRefusal(first) : first !== 200) ||
        !more.every(isRefusal),
    );
    expect(wrong).toEqual([]);
    // nothing else came through under another path, and no answer went to another request
    expect(whole.map(pathOf).sort()).toEqual([...passed.map(({ path }) => path), "/last"].sort());
  });

  test("gets no header that drops another, changes the protocol or names the client", async () => {
    const recorded = (await readRecord(stack)).filter(({ path }) => /request-\d/.test(path));
    expect(recorded.length).toBeGreaterThan(50);
    for (const { headers } of recorded) {
      expect(valuesOf(headers, "x-forwarded-for")).toEqual([stack.gateway]);
      expect(valuesOf(headers, "x-forwarded-proto")).toEqual(["http"]);
      expect(["", "upgrade"]).toContain(valuesOf(headers, "connection").join());
      expect(["", "websocket"]).toContain(valuesOf(headers, "upgrade").join());
    }
    expect(recorded.some(({ headers }) => valuesOf(headers, "upgrade").join() === "websocket")).toBe(true);
  });
});

describe("podinfo", () => {
  beforeAll(async () => {
    stack = await DirectStack.create("direct-hardening", { count: 1, "tls.selfSigned": true });
  });
  afterAll(() => stack?.dispose());

  test("hears from HAProxy alone who the client is and how it came", async () => {
    const { body } = await get(`${stack.url}/headers`, {
      "X-Forwarded-For": "6.6.6.6",
      "x-forwarded-for": "7.7.7.7",
      X_Forwarded_For: "6.6.6.6",
      "X-Forwarded-Proto": "https",
      "X-Forwarded-Host": "b.test",
      "X-Forwarded-X": "x",
      Forwarded: "for=6.6.6.6",
      "X-Real-IP": "6.6.6.6",
      Proxy: "http://b.test",
      Connection: "close, X-Session-ID, X-Forwarded-For",
      "Proxy-Connection": "close",
      "Keep-Alive": "300",
      "X-Balancer-Probe": "1",
      "X-Session-ID": "mine",
      "X-Mine": "mine",
    });
    // podinfo's own
    const { Host: _, "X-Api-Version": _version, "X-Api-Revision": _revision, ...seen } = JSON.parse(body);
    expect(seen).toEqual({
      "X-Forwarded-For": [stack.gateway],
      "X-Forwarded-Proto": ["http"],
      "X-Session-Id": ["mine"],
      "X-Mine": ["mine"],
    });
  });

  test("is sent large requests in chunks, with a body where none is usual, and of HTTP/1.0", async () => {
    const body = "0123456789abcdef".repeat(16_384);
    const outgoing = request(`${stack.url}/echo`, {
      method: "POST",
      headers: { "Transfer-Encoding": "chunked", Expect: "100-continue" },
    });
    const answer = new Promise<string>((resolve, reject) =>
      outgoing.on("response", (response) => resolve(text(response))).on("error", reject),
    );
    for (let at = 0; at < body.length; at += 10_000) outgoing.write(body.slice(at, at + 10_000));
    outgoing.end();
    expect((await answer) === body).toBe(true);
    const old = await sendRaw(haproxy(), 8080, Buffer.from("GET /version HTTP/1.0\r\n\r\n"));
    expect([statusesOf(old), old.includes('"version"')]).toEqual([[200], true]);
    const deleting = Buffer.from(
      "DELETE /version HTTP/1.1\r\nHost: a_b.test.:8080\r\nContent-Length: 2\r\n\r\n{}",
    );
    expect(statusesOf(await sendRaw(haproxy(), 8080, deleting))).toHaveLength(1);
  });

  test("speaks WebSocket with those who ask for it, and is not taken to do so with others", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${stack.ports.http}/ws/echo`, {
      headers: { "X-Session-ID": "ws" },
    });
    await once(socket, "open");
    socket.send("hello");
    const [message] = await once(socket, "message");
    expect(JSON.parse(String(message)).msg).toBe("hello");
    socket.terminate();
    // podinfo refuses the version; what comes behind is a request for HAProxy, and not passed on
    const declined =
      "GET /ws/echo HTTP/1.1\r\nHost: a.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Version: 9\r\n";
    const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    const behind = "GET /version HTTP/1.1\r\nHost: a.test\r\nX-Session-ID: 1\r\nX-Session-ID: 2\r\n\r\n";
    expect(statusesOf(await sendRaw(haproxy(), 8080, Buffer.from(declined + key + behind)))).toEqual([
      400, 400,
    ]);
  });

  test("is found by HTTP/2 as by HTTP/1.1: WebSockets pass, tunnels and bad hosts do not", async () => {
    const session = connect(stack.httpsUrlOf(1), { rejectUnauthorized: false });
    try {
      const ask = async (headers: OutgoingHttpHeaders): Promise<number | undefined> => {
        const stream = session.request({ ":authority": "a.test", ...headers });
        const [{ ":status": status }] = await once(stream, "response");
        stream.destroy();
        return status;
      };
      await once(session, "remoteSettings");
      const socket = session.request({
        ":method": "CONNECT",
        ":protocol": "websocket",
        ":authority": "a.test",
        ":scheme": "https",
        ":path": "/ws/echo",
        "sec-websocket-version": "13",
      });
      expect((await once(socket, "response"))[0]).toMatchObject({ ":status": 200 });
      // a masked frame of text
      socket.write(Buffer.concat([Buffer.from([0x81, 0x85, 0, 0, 0, 0]), Buffer.from("hello")]));
      expect(String((await once(socket, "data"))[0])).toContain('"msg":"hello"');
      socket.destroy();
      expect(await ask({ ":path": "/version" })).toBe(200);
      expect(await ask({ ":method": "CONNECT", ":authority": "a.test:80" })).toBe(405);
      expect(await ask({ ":method": "TRACE", ":path": "/" })).toBe(405);
      expect(await ask({ ":path": "/version", ":authority": "<a>" })).toBe(400);
    } finally {
      session.destroy();
    }
  });

  test("2,000 slow clients are cut off after their time, and others do not notice them", async () => {
    const identity = await stack.haproxyIdentity();
    const usual = await medianLatencyMs();
    const load = new Load(stack.url, { pauseMs: 20 });
    const [stalled, dripping, unread] = await Promise.all([
      SlowClients.open("stalled body", 200, haproxy(), 8080),
      SlowClients.open("dripping body", 300, haproxy(), 8080),
      SlowClients.open("unread answer", 100, haproxy(), 8080),
    ]);
    // at last: they have 10 s, the others 30 s
    const headers = await SlowClients.open("headers", 1_400, haproxy(), 8080);
    const slow = [stalled, dripping, unread, headers];
    try {
      await until(async () => (await countConnections()) >= 2_000, 5_000);
      const { memory_stats: memory } = await docker
        .getContainer(stack.haproxyName)
        .stats({ stream: false, "one-shot": true });
      const under = await medianLatencyMs();
      const usedMb = Math.round(memory.usage / 1024 / 1024);
      console.log(
        `with 2,000 slow clients: median latency ${(under / usual).toFixed(2)} times the usual, HAProxy's container at ${usedMb} MiB`,
      );
      expect(usedMb).toBeLessThan(256); // half of its limit
      // each drop of theirs would begin another 30 s
      await until(async () => headers.closed === 1_400, 30_000);
      await until(async () => stalled.closed === 200, 60_000);
      const { failures } = await load.stop();
      expect(failures).toEqual([]);
      dripping.end();
      // HAProxy has given up on answers that nobody reads
      await until(async () => (await countRequests()) === 0, 60_000);
      unread.read();
      await until(async () => unread.closed === 100);
    } finally {
      for (const clients of slow) clients.end();
    }
    expect(headers.statuses).toEqual(Array(1_400).fill("HTTP/1.1 408 Request Time-out"));
    expect(stalled.statuses).toEqual(Array(200).fill("HTTP/1.1 400 Bad request"));

    expect(await stack.haproxyIdentity()).toEqual(identity);
    const { State } = await docker.getContainer(stack.haproxyName).inspect();
    expect([State.OOMKilled, State.Running]).toEqual([false, true]);
  });
});

const countConnections = async (): Promise<number> =>
  Number(/^CurrConns: (\d+)$/m.exec(await runRaw(stack.runtime, command("show info")))?.[1]);

/** Requests that an app has at present. */
const countRequests = async (): Promise<number> =>
  (await stack.ask(readStats)).reduce((sum, { currentSessions }) => sum + currentSessions, 0);

async function medianLatencyMs(): Promise<number> {
  const times: number[] = [];
  for (let asked = 0; asked < 200; asked++) {
    const start = performance.now();
    await get(stack.url);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[times.length / 2] ?? Number.NaN;
}

/** Without the host that a proxy's client puts before it. */
const pathOf = ({ path }: RecordedRequest): string => path.replace(/^http:\/\/[^/]*/i, "");
const isRefusal = (status: number): boolean => status >= 400 && status < 500;
