import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DirectStack } from "../harness/direct-stack.ts";
import { versionPattern } from "../harness/haproxy-image.ts";
import { get, mapSessions } from "../harness/load.ts";
import { readTable } from "../harness/peers.ts";
import { docker } from "../harness/running-stack.ts";
import { shell } from "../harness/shell.ts";
import { placeOf } from "../harness/stack-places.ts";
import { until } from "../harness/until.ts";

const VERSION = versionPattern();

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-sticky-balancers", { balancers: 3 });
});
afterAll(() => stack?.dispose());

/** Of sticky mode, by default. */
const COOKIE = "SRV_direct-sticky-balancers";

const ALL = [1, 2, 3] as const;

/** One look at peers that are connected. Those that have just begun may lose each other before the next. */
async function statusOfConnected(...options: readonly string[]) {
  let seen = await stack.command("status", ...options);
  await until(async () => {
    seen = await stack.command("status", ...options);
    return !/not connected|still|"isConnected":\s*false/.test(seen.output);
  });
  return seen;
}

describe("the commands", () => {
  test("status tells of each balancer its servers and its peers", async () => {
    const { exitCode, output } = await statusOfConnected();
    expect(exitCode).toBe(0);
    expect(output.match(new RegExp(`^HAProxy ${VERSION} at 127\\.0\\.0\\.1:\\d+, pid`, "gm"))).toHaveLength(
      3,
    );
    expect(output).toContain("peers: haproxy1 connected, haproxy3 connected");
    const json = JSON.parse((await statusOfConnected("--json", "--balancer", "3")).output);
    expect(json).toHaveLength(1);
    expect(
      json[0].peers.map(({ name, isConnected }: Record<string, unknown>) => [name, isConnected]).sort(),
    ).toEqual([
      ["haproxy1", true],
      ["haproxy2", true],
    ]);
  });

  test("runtime, sessions and logs reach each balancer", async () => {
    const started = await Promise.all(
      ALL.map((n) => stack.command("runtime", "--balancer", String(n), "show env BALANCER_PEER")),
    );
    expect(started.map(({ output }) => output.trim())).toEqual(ALL.map((n) => `BALANCER_PEER=haproxy${n}`));
    const headed = ALL.map(
      (n) => `==> haproxy${n} at 127.0.0.1:${stack.ports.runtime + n - 1} <==\nBALANCER_PEER=haproxy${n}\n\n`,
    );
    expect((await stack.command("runtime", "show env BALANCER_PEER")).output).toBe(headed.join(""));
    await mapSessions(stack.urlOf(2), ["of-the-second"]);
    await until(async () =>
      / is on s\d/.test((await stack.command("sessions", "--balancer", "3", "--id", "of-the-second")).output),
    );
    expect(
      (await stack.command("sessions", "--id", "of-the-second")).stdout.match(/^of-the-second is on s\d/gm),
    ).toHaveLength(1);
    const { sessions } = JSON.parse((await stack.command("sessions", "--json", "--limit", "100000")).stdout);
    expect(sessions.filter(({ key }: { key: string }) => key === "of-the-second")).toHaveLength(1);
    const { output } = await stack.command("logs", "--no-follow");
    for (const n of ALL) expect(output).toMatch(new RegExp(`^${stack.haproxyNameOf(n)} `, "m"));
    const one = (await stack.command("logs", "--no-follow", "--balancer", "2")).output;
    for (const n of ALL) expect(new RegExp(`^${stack.haproxyNameOf(n)} `, "m").test(one)).toBe(n === 2);
    const none = await stack.command("runtime", "--balancer", "4", "show info");
    expect(none.exitCode).toBe(1);
    expect(none.output).toMatch(/--balancer.*4/);
  });
});

describe("balancers that share their sessions", () => {
  test("a cookie from one balancer works on all", async () => {
    const { cookie } = await get(stack.urlOf(1));
    expect(cookie).toMatch(new RegExp(`^${COOKIE}=s[123]$`));
    for (const n of ALL) {
      const response = await fetch(stack.urlOf(n), {
        headers: { Cookie: cookie ?? "", "X-Balancer-Probe": "1" },
      });
      expect(`${COOKIE}=${response.headers.get("X-Balancer-Server")}`).toBe(cookie);
      expect(response.headers.getSetCookie()).toEqual([]);
    }
  });

  test("a balancer that is restarted has the table back from its peers", async () => {
    const sessions = Array.from({ length: 300 }, (_, index) => `restart-${index}`);
    const before = await mapSessions(stack.urlOf(1), sessions);
    await docker.getContainer(stack.haproxyNameOf(2)).restart({ t: 1 });
    await until(
      async () =>
        (await get(stack.urlOf(2), { Cookie: `${COOKIE}=s1` }).catch(() => undefined))?.status === 200,
    );
    // it answers before they have taught it all
    await until(async () => (await readTable(stack, 2)).size >= (await readTable(stack, 1)).size);
    expect(await mapSessions(stack.urlOf(2), sessions)).toEqual(before);
  });

  test("a container that is no balancer is not let in as a peer", async () => {
    const address = `${placeOf(stack.name).prefix}.2`;
    const hello = `printf 'HAProxyS 2.1\\nhaproxy1\\nhaproxy2 1 0\\n' | timeout 3 nc ${address} 10000`;
    const printed = await shell(`${stack.name}-podinfo1`, `${hello}; echo "ended $?"`);
    expect(printed).toContain("ended");
    expect(printed).not.toMatch(/\b200\b|\b50\d\b/); // a peer would be greeted with a status
  });
});
