import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DirectStack } from "../harness/direct-stack.ts";
import { get } from "../harness/load.ts";
import { buildNodeApp, removeImage } from "../harness/node-app.ts";
import { exchange } from "../harness/raw-socket.ts";
import { EchoSocket } from "../harness/sockets.ts";
import { until } from "../harness/until.ts";

const NAME = "direct-session-keys";
const PROBE = { "X-Balancer-Probe": "1" } as const;
const COUNT = 24;
const numbered = (text: string): string[] => Array.from({ length: COUNT }, (_, n) => `${text}${n}`);

describe.each(["sticky", "hash"])("in mode %s", (mode) => {
  let stack: DirectStack;

  beforeAll(async () => {
    stack = await DirectStack.create(NAME, { mode });
  });
  afterAll(() => stack?.dispose());

  const serverFor = async (headers: Readonly<Record<string, string>>, path = "/"): Promise<string> =>
    (await get(`${stack.url}${path}`, { ...PROBE, ...headers })).server ?? "none";
  const told = async (id: string): Promise<string | undefined> =>
    / (?:is on|goes to) (s\d),/.exec((await stack.command("sessions", "--id", id)).stdout)?.[1];
  const spread = (servers: Iterable<string>): string[] => [...new Set(servers)].sort();
  const homesOf = async (ids: readonly string[], send: (id: string) => Promise<string>) => {
    const homes = new Map<string, string>();
    for (const id of ids) homes.set(id, await send(id));
    return homes;
  };

  test("an empty id is none: such requests are spread", async () => {
    const servers = await homesOf(numbered("empty"), () => serverFor({ "X-Session-ID": "" }));
    expect(spread(servers.values())).toEqual(["s1", "s2", "s3"]);
    for (const name of ["s1", "s2", "s3"])
      expect([...servers.values()].filter((each) => each === name).length).toBeLessThanOrEqual(COUNT / 2);
  });

  test("ids that share their first 130 bytes are sessions of their own, as `sessions` tells", async () => {
    const tokens = numbered("t".repeat(130));
    const send = (id: string): Promise<string> => serverFor({ "X-Session-ID": id });
    const homes = await homesOf(tokens, send);
    expect(spread(homes.values())).toEqual(["s1", "s2", "s3"]);
    expect(await homesOf(tokens.toReversed(), send)).toEqual(homes);
    for (const id of tokens.slice(0, 3)) expect(await told(id)).toBe(homes.get(id));
    const id = "t".repeat(8_000); // as long as a header may be
    expect(await send(id)).toBe(await told(id));
  });

  test.each([
    { key: "query sid", send: (id: string) => serverFor({}, `/?a=b&sid=${id}`) },
    { key: "cookie APP_SESSION", send: (id: string) => serverFor({ Cookie: `a=b; APP_SESSION=${id}` }) },
    { key: "header X-Client", send: (id: string) => serverFor({ "X-Client": id }) },
  ])("a session may be known by its $key", async ({ key, send }) => {
    await stack.update({ "session.key": key });
    const ids = [...numbered("id-"), "L".repeat(200)];
    const homes = await homesOf(ids, send);
    expect(spread(homes.values())).toEqual(["s1", "s2", "s3"]);
    expect(await homesOf(ids.toReversed(), send)).toEqual(homes);
    for (const id of ids.slice(-2)) expect(await told(id)).toBe(homes.get(id));
    const probed = await stack.command("probe", "--sessions", "100", "--websockets", "10", "--json");
    expect(JSON.parse(probed.stdout)).toMatchObject({ isConsistent: true, differences: { count: 0 } });
    await stack.update({ "session.key": "header X-Session-ID" });
  });

  test("requests without a session are balanced as the config says", async () => {
    await stack.update({ balance: "random" });
    const servers = await homesOf(numbered("random"), () => serverFor({}));
    expect(spread(servers.values()).length).toBeGreaterThan(1);
    expect(await serverFor({ "X-Session-ID": "x" })).toBe(await told("x"));
  });
});

describe("in mode sticky", () => {
  const APP = "e2e-app-with-cookie";
  let stack: DirectStack;

  beforeAll(async () => {
    await buildNodeApp(APP, new URL("../../examples/long-polling/app.mjs", import.meta.url));
    stack = await DirectStack.create(NAME);
  });
  afterAll(async () => {
    await stack?.dispose();
    await removeImage(APP);
  });

  test("the cookie is the stack's own, and as the config says", async () => {
    const request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    const cookieOf = async () =>
      /^set-cookie: (.*)\r$/im.exec(await exchange(stack.ports.http, request))?.[1];
    expect(await cookieOf()).toMatch(/^SRV_direct-session-keys=s[123]; path=\/; HttpOnly; SameSite=Lax$/);
    await stack.update({
      ...{ "session.cookie.name": "place", "session.cookie.domain": "shop.example.com" },
      "session.cookie.sameSite": "None",
    });
    expect(await cookieOf()).toMatch(
      /^place=s[123]; path=\/; domain=shop\.example\.com; HttpOnly; Secure; SameSite=None$/,
    );
    const { exitCode } = await stack.command("probe", "--sessions", "10", "--websockets", "1");
    expect(exitCode).toBe(0);
  });

  test("a session is remembered for session.expire, and while a WebSocket of it is open", async () => {
    await stack.update({ "session.expire": "1s", "session.size": "1k" });
    const isKnown = async (id: string): Promise<boolean> =>
      (await stack.command("sessions", "--id", id)).stdout.includes(" is on ");
    const socket = await EchoSocket.open(stack.url, "with-socket");
    await get(stack.url, { "X-Session-ID": "silent" });
    expect(await isKnown("silent")).toBe(true);
    await until(async () => !(await isKnown("silent")));
    expect(await isKnown("with-socket")).toBe(true);
    socket.end();
    await until(async () => !(await isKnown("with-socket")));
  });

  test("an id that the app makes up sticks to the server that made it up, by the id alone", async () => {
    await stack.dispose();
    stack = await DirectStack.create(NAME, {
      ...{ "app.image": APP, "app.port": "3000", "app.command": [], "app.readyPath": "/" },
      "session.key": "cookie APP_SESSION",
    });
    for (const _ of numbered("login")) {
      const response = await fetch(`${stack.url}/login`);
      await response.arrayBuffer();
      const [cookie = ""] = response.headers.getSetCookie().filter((line) => line.startsWith("APP_SESSION="));
      const { status } = await get(`${stack.url}/send?text=x`, { Cookie: cookie.split(";")[0] ?? "" });
      expect(status).toBe(200);
    }
  });
});
