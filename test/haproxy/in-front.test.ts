import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DirectStack } from "../harness/direct-stack.ts";
import { get } from "../harness/load.ts";
import { sendRaw, statusesOf } from "../harness/raw-requests.ts";
import { docker } from "../harness/running-stack.ts";
import { shell } from "../harness/shell.ts";
import { until } from "../harness/until.ts";

const STRANGERS = ["10.0.0.0/8", "2001:db8::/32"];

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-in-front", {
    count: 1,
    "tls.selfSigned": true,
    "tls.redirect": true,
  });
});
afterAll(() => stack?.dispose());

/** Brings the running HAProxy to another config by a reload. */
async function reload(changes: Parameters<DirectStack["declare"]>[0]): Promise<void> {
  await stack.declare(changes);
  await stack.sync();
}

type Headers = Readonly<Record<string, string>>;

/** What the app hears of how a request came. */
async function heard(headers: Headers): Promise<Record<string, string[]>> {
  const { status, body } = await get(`${stack.url}/headers`, headers);
  if (status !== 200) throw new Error(`status ${status}`);
  const all: Record<string, string[]> = JSON.parse(body);
  return Object.fromEntries(Object.entries(all).filter(([name]) => /^(X-(Forw|Real)|Forw)/.test(name)));
}

/** The client's address, as the access log tells of a session's only request. */
async function clientOf(session: string): Promise<unknown> {
  let lines: string[] = [];
  await until(async () => {
    const log = await docker.getContainer(stack.haproxyName).logs({ stdout: true, stderr: false });
    lines = log
      .toString("utf8")
      .split("\n")
      .filter((line) => line.includes(`"session": "${session}"`));
    return lines.length === 1;
  });
  return /"client": "([^"]*)"/.exec(lines[0] ?? "")?.[1];
}

describe("a trusted proxy", () => {
  beforeAll(() => reload({ trustedProxies: [stack.gateway, ...STRANGERS] }));

  test("is believed what it says of its client, and added to it", async () => {
    expect(
      await heard({
        "X-Forwarded-For": "192.0.2.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "shop.test",
        "X-Forwarded-Port": "443",
        "X-Real-IP": "192.0.2.9",
        Forwarded: "for=192.0.2.9",
      }),
    ).toEqual({
      "X-Forwarded-For": [`192.0.2.9, ${stack.gateway}`],
      "X-Forwarded-Proto": ["https"],
      "X-Forwarded-Host": ["shop.test"],
      "X-Forwarded-Port": ["443"],
    });
  });

  test.each([
    ["the last that is no proxy's", "198.51.100.1, 192.0.2.9, 10.1.2.3", "192.0.2.9"],
    ["behind as many proxies as there may be", `192.0.2.9${", 10.1.2.3".repeat(7)}`, "192.0.2.9"],
    ["of IPv6", "2001:db9::7, 2001:db8::1", "2001:db9::7"],
    ["with a port", "192.0.2.9:4711", "192.0.2.9"],
    ["of IPv6 with a port", "[2001:db9::7]:4711, 10.1.2.3:80", "2001:db9::7"],
    ["not one before a word, which ends the search", "192.0.2.9, unknown, 10.1.2.3", undefined],
    ["not one before garbage", "192.0.2.9, \"\\1'; x, 10.1.2.3", undefined],
    ["the first proxy, where all are", "10.1.2.4, 10.1.2.3", "10.1.2.4"],
  ])("has a client in the log: %s", async (what, forwarded, client) => {
    const session = what.replaceAll(/\W+/g, "-");
    await heard({ "X-Forwarded-Proto": "https", "X-Forwarded-For": forwarded, "X-Session-ID": session });
    expect(await clientOf(session)).toBe(client ?? stack.gateway);
  });

  test("is redirected unless it got the request by https", async () => {
    expect((await get(stack.url, { "X-Forwarded-Proto": "http" })).status).toBe(308);
    expect((await get(stack.url)).status).toBe(308);
    expect((await get(stack.url, { "X-Forwarded-Proto": "https" })).status).toBe(200);
  });

  test("cannot make a client one of the Docker host's, who are told the server", async () => {
    const app = `${stack.name}-podinfo1`;
    const haproxy = stack.gateway.replace(/1$/, "2");
    await reload({ trustedProxies: [stack.gateway.replace(/1$/, "11")] });
    const ask = (headers: readonly string[]): Promise<string> =>
      shell(
        app,
        `curl -s -D - -o /dev/null ${headers.map((h) => `-H '${h}'`).join(" ")} http://${haproxy}:8080/`,
      );
    const told = await ask([
      "X-Forwarded-Proto: https",
      "X-Session-ID: spoof",
      `X-Forwarded-For: ${stack.gateway}`,
      "X-Balancer-Probe: 1",
    ]);
    expect(told).toContain("200 OK");
    expect(told).not.toMatch(/x-balancer-server/i);
    expect(await clientOf("spoof")).toBe(stack.gateway);
  });
});

describe("everybody else", () => {
  beforeAll(() => reload({ trustedProxies: STRANGERS }));

  test("says nothing of a client, and is redirected whatever is said", async () => {
    expect((await get(stack.url, { "X-Forwarded-Proto": "https" })).status).toBe(308);
    await reload({ "tls.redirect": false });
    expect(
      await heard({
        "X-Forwarded-For": "10.1.2.3",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "x.test",
      }),
    ).toEqual({ "X-Forwarded-For": [stack.gateway], "X-Forwarded-Proto": ["http"] });
  });
});

describe("with the PROXY protocol", () => {
  const REQUEST = "GET /headers HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";
  const SAID = "PROXY TCP4 203.0.113.9 198.51.100.1 4711 80\r\n";
  const send = (bytes: string): Promise<string> => sendRaw("127.0.0.1", stack.ports.http, Buffer.from(bytes));
  const probe = async (...args: string[]) => {
    const { exitCode, output } = await stack.command("probe", "--sessions", "200", ...args);
    expect(output).toContain("WebSockets: 100, each on the server of its session");
    return exitCode;
  };

  test("proxies have to speak it, and say who the client is; the probe speaks it, too", async () => {
    await reload({ proxyProtocol: true, trustedProxies: [stack.gateway] });
    expect(await send(SAID + REQUEST)).toMatch(/"X-Forwarded-For": \[\s*"203\.0\.113\.9"\s*\]/);
    expect(statusesOf(await send(REQUEST))).toEqual([]);
    expect(await probe()).toBe(0);
  });

  test("others must not, where proxies are named", async () => {
    await reload({ trustedProxies: STRANGERS });
    expect(statusesOf(await send(REQUEST))).toEqual([200]);
    expect(statusesOf(await send(SAID + REQUEST))).toEqual([400]);
    expect(await probe()).toBe(0);
  });

  test("everybody has to, where none is named", async () => {
    await reload({ trustedProxies: [] });
    expect(statusesOf(await send(REQUEST))).toEqual([]);
    expect(await send(SAID + REQUEST)).toMatch(/"X-Forwarded-For": \[\s*"203\.0\.113\.9"\s*\]/);
    expect(await probe("--cookie-clients", "5")).toBe(0);
  });
});
