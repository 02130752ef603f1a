import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import { countStickySessions, readStickySessions } from "../../src/haproxy/runtime/stick-table.ts";
import { get, Load, mapSessions } from "../harness/load.ts";
import { rememberMany } from "../harness/many-sessions.ts";
import { untilPeersConnected } from "../harness/peers.ts";
import { docker } from "../harness/running-stack.ts";
import { shell } from "../harness/shell.ts";
import { TestStack } from "../harness/stack.ts";
import { until } from "../harness/until.ts";

const ALL = [1, 2, 3] as const;
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `s${index + 1}`);
const ids = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.create({ name: "e2e-balancers", config: { balancers: 3 } });
  await stack.up();
});
afterAll(() => stack?.dispose());

const urls = (): string[] => ALL.map((n) => stack.urlOf(n));
const serverNames = async (n: number): Promise<string[]> => [...(await stack.servers(n)).keys()].sort();

/** Server of each session that the n-th balancer knows. Asked for a session, it would learn it. */
async function readTable(n: number): Promise<Map<string, string>> {
  const table = new Map<string, string>();
  for await (const { key, server } of readStickySessions(stack.haproxyOf(n), [])) table.set(key, server);
  return table;
}

/** So many take a balancer a while to teach another. */
const MANY = 100_000;

/** Gives the first balancer sessions to remember, and waits until the others have learned them. */
async function rememberSessions(count: number): Promise<void> {
  await rememberMany(stack.haproxyOf(1), count);
  await until(async () => {
    const counts = await Promise.all(ALL.map((n) => countStickySessions(stack.haproxyOf(n))));
    return counts.every((known) => known !== undefined && known >= count);
  });
}

/**
 * Runs an update while clients use the balancers given, each of which goes to another when its own does not
 * answer.
 */
async function updateUnderLoad(
  on: readonly string[],
  changes: Parameters<TestStack["up"]>[0],
): Promise<{ failedOver: number }> {
  const load = new Load(on);
  await stack.up(changes);
  await load.settle();
  const { sent, failures, failedOver } = await load.stop();
  expect(failures).toEqual([]);
  expect(sent).toBeGreaterThan(300);
  return { failedOver };
}

describe("in sticky mode", () => {
  test("every balancer has its name, address, ports and volume", async () => {
    const outputs = await stack.outputs();
    expect(outputs).toMatchObject({
      urls: urls(),
      statsUrls: ALL.map((n) => `http://127.0.0.1:${stack.ports.stats + n - 1}`),
      runtimeEndpoints: ALL.map((n) => `127.0.0.1:${stack.ports.runtime + n - 1}`),
    });
    for (const n of ALL) {
      const { NetworkSettings, Mounts } = await docker.getContainer(`${stack.name}-haproxy${n}`).inspect();
      expect(NetworkSettings.Networks[`${stack.name}-balancer`]?.IPAddress).toBe(`172.28.115.${n + 1}`);
      expect(Mounts.map(({ Name }) => Name)).toEqual([`${stack.name}-haproxy${n}-config`]);
      expect(await serverNames(n)).toEqual(names(3));
      expect((await fetch(`http://127.0.0.1:${stack.ports.stats + n - 1}/metrics`)).status).toBe(200);
    }
  });

  test("a session learned on one balancer sticks on the others within 100 ms", async () => {
    await untilPeersConnected(stack, ALL);
    const delaysMs: number[] = [];
    for (const [round, learner] of [1, 2, 3, 1, 2, 3, 1, 2, 3].entries()) {
      const id = `learned-${round}`;
      const host = (await mapSessions(stack.urlOf(learner), [id])).get(id);
      const start = performance.now();
      await until(
        async () => (await Promise.all(ALL.map(readTable))).every((table) => table.has(id)),
        2_000,
        5,
      );
      delaysMs.push(performance.now() - start);
      for (const n of ALL) expect([...(await mapSessions(stack.urlOf(n), [id])).values()]).toEqual([host]);
    }
    // the median: a machine that does other things besides may hold a round up, but not most of them
    expect(delaysMs.sort((a, b) => a - b)[4]).toBeLessThan(100);
  });

  test("a cookie from one balancer works on all", async () => {
    const { cookie } = await get(stack.urlOf(1));
    expect(cookie).toMatch(/^SRV=s[123]$/);
    for (const n of ALL) {
      const response = await fetch(stack.urlOf(n), {
        headers: { Cookie: cookie ?? "", "X-Balancer-Probe": "1" },
      });
      expect(`SRV=${response.headers.get("X-Balancer-Server")}`).toBe(cookie);
      expect(response.headers.getSetCookie()).toEqual([]);
    }
  });

  test("a balancer that is restarted has the table back from its peers", async () => {
    const sessions = ids("restart", 300);
    const before = await mapSessions(stack.urlOf(1), sessions);
    await docker.getContainer(stack.haproxyNameOf(2)).restart({ t: 1 });
    await until(
      async () => (await get(stack.urlOf(2), { Cookie: "SRV=s1" }).catch(() => undefined))?.status === 200,
    );
    await until(async () => (await readTable(2)).size >= (await readTable(1)).size); // it answers before they have taught it all
    expect(await mapSessions(stack.urlOf(2), sessions)).toEqual(before);
  });

  test("a container that is no balancer is not let in as a peer", async () => {
    const hello = "printf 'HAProxyS 2.1\\nhaproxy1\\nhaproxy2 1 0\\n' | timeout 3 nc 172.28.115.2 10000";
    const printed = await shell(`${stack.name}-podinfo1`, `${hello}; echo "ended $?"`);
    expect(printed).toContain("ended");
    expect(printed).not.toMatch(/\b200\b|\b50\d\b/); // a peer would be greeted with a status
  });

  test("their containers are replaced one at a time, clients find the others, and no session is forgotten", async () => {
    const image = docker.getImage("haproxy:3.2");
    await image.tag({ repo: "haproxy", tag: "e2e-balancers" });
    try {
      await rememberSessions(MANY);
      const sessions = ids("replaced", 300);
      const homes = await mapSessions(stack.urlOf(1), sessions);
      const before = await Promise.all(ALL.map((n) => stack.haproxyIdentity(n)));
      stack.configure({ haproxyImage: "haproxy:e2e-balancers" });
      expect((await stack.preview()).output).toContain(
        "HAProxy replaced: e2e-balancers-haproxy3, haproxyImage haproxy:3.2 → haproxy:e2e-balancers",
      );
      const { failedOver } = await updateUnderLoad(urls(), {});
      expect(failedOver).toBeGreaterThan(0);
      const after = await Promise.all(ALL.map((n) => stack.haproxyIdentity(n)));
      for (const [index, { id, startedAt }] of after.entries()) {
        expect(id).not.toBe(before[index]?.id);
        const previous = after[index - 1];
        if (previous !== undefined)
          expect(Date.parse(startedAt)).toBeGreaterThan(Date.parse(previous.startedAt));
      }
      for (const n of ALL) {
        expect(await countStickySessions(stack.haproxyOf(n))).toBeGreaterThanOrEqual(MANY);
        expect(await mapSessions(stack.urlOf(n), sessions)).toEqual(homes);
      }
      await runRaw(stack.runtimeOf(1), command("clear table webservers"));
    } finally {
      await stack.up({ haproxyImage: undefined });
      await docker.getImage("haproxy:e2e-balancers").remove();
    }
  });
});

describe("the commands", () => {
  test("status tells of each balancer its servers and its peers", async () => {
    await untilPeersConnected(stack, ALL);
    const { exitCode, output } = await stack.command("status");
    expect(exitCode).toBe(0);
    expect(output.match(/^HAProxy 3\.2\S* at 127\.0\.0\.1:\d+, pid/gm)).toHaveLength(3);
    expect(output).toContain("peers: haproxy1 connected, haproxy3 connected");
    const json = JSON.parse((await stack.command("status", "--json", "--balancer", "3")).output);
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

describe("a balancer that does not answer", () => {
  test("fails the update that names it, while the others are synced, and is mended by the next", async () => {
    const hung = docker.getContainer(stack.haproxyNameOf(2));
    await hung.pause();
    try {
      const { exitCode, output } = await stack.tryUp({ count: 4 });
      expect(exitCode).not.toBe(0);
      expect(output).toMatch(/e2e-balancers-haproxy2 .*is paused/);
      expect(await serverNames(1)).toEqual(names(4));
      expect(await serverNames(3)).toEqual(names(4));
    } finally {
      await hung.unpause();
    }
    await stack.up();
    expect(await serverNames(2)).toEqual(names(4));
  });
});

describe("balancers that come and go", () => {
  test("leave the clients of the others in peace", async () => {
    const before = await stack.haproxyIdentity(1);
    await updateUnderLoad([stack.urlOf(1)], { balancers: 1 });
    const { id, startedAt } = await stack.haproxyIdentity(1);
    expect({ id, startedAt }).toEqual({ id: before.id, startedAt: before.startedAt });
    expect((await stack.resources()).filter((name) => /haproxy[23]/.test(name))).toEqual([]);
    await updateUnderLoad([stack.urlOf(1)], { balancers: 2, mode: "hash", count: 3 });
    expect(await serverNames(2)).toEqual(names(3));
  });
});

describe("in hash mode", () => {
  test("all balancers map 10,000 sessions alike, after any history", async () => {
    await stack.up({ count: 6 });
    await docker.getContainer(stack.haproxyNameOf(2)).restart({ t: 1 });
    await stack.up({ count: 4 });
    await stack.up({ count: 5 });
    await updateUnderLoad([stack.urlOf(1), stack.urlOf(2)], { balancers: 3 });
    for (const n of ALL) expect(await serverNames(n)).toEqual(names(5));
    const sessions = ids("hash", 10_000);
    const [first, ...rest] = await Promise.all(ALL.map((n) => mapSessions(stack.urlOf(n), sessions)));
    expect(new Set(first?.values()).size).toBe(5);
    for (const mapping of rest) expect(mapping).toEqual(first);
  });
});

test("destroy leaves nothing of any of them", async () => {
  await stack.destroy();
  expect(await stack.resources()).toEqual([]);
});
