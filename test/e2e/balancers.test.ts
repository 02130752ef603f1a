import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import { countStickySessions } from "../../src/haproxy/runtime/stick-table.ts";
import { HAPROXY_IMAGE } from "../harness/haproxy-image.ts";
import { Load, mapSessions } from "../harness/load.ts";
import { rememberMany } from "../harness/many-sessions.ts";
import { docker } from "../harness/running-stack.ts";
import { TestStack } from "../harness/stack.ts";
import { until } from "../harness/until.ts";

const ALL = [1, 2, 3] as const;
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `s${index + 1}`);
const ids = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

let stack: TestStack;

beforeAll(async () => {
  await docker.getImage(HAPROXY_IMAGE).tag({ repo: "haproxy", tag: "e2e-balancers" });
  stack = await TestStack.create({ name: "e2e-balancers", config: { balancers: 3 } });
  await stack.up();
});
afterAll(async () => {
  await stack?.dispose();
  await OTHER_IMAGE.remove();
});

/** The same HAProxy by another name. */
const OTHER_IMAGE = docker.getImage("haproxy:e2e-balancers");

const urls = (): string[] => ALL.map((n) => stack.urlOf(n));
const serverNames = async (n: number): Promise<string[]> => [...(await stack.servers(n)).keys()].sort();

/** So many take a balancer a while to teach another. */
const MANY = 100_000;

/** Gives the first balancer sessions to remember, and waits until the others have learned them. */
async function rememberSessions(count: number): Promise<void> {
  await rememberMany(stack.haproxyOf(1), count);
  await until(async () => {
    const counts = await Promise.all(ALL.map((n) => stack.ask(countStickySessions, n)));
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
  const { failures, failedOver } = await load.stop();
  expect(failures).toEqual([]);
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

  test("are replaced one at a time, clients find the others, and no session is forgotten", async () => {
    await rememberSessions(MANY);
    const sessions = ids("replaced", 300);
    const homes = await mapSessions(stack.urlOf(1), sessions);
    const before = await Promise.all(ALL.map((n) => stack.haproxyIdentity(n)));
    stack.configure({ haproxyImage: "haproxy:e2e-balancers" });
    expect((await stack.preview()).output).toContain(
      `HAProxy replaced: e2e-balancers-haproxy3, haproxyImage ${HAPROXY_IMAGE} → haproxy:e2e-balancers`,
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
      expect(await stack.ask(countStickySessions, n)).toBeGreaterThanOrEqual(MANY);
      expect(await mapSessions(stack.urlOf(n), sessions)).toEqual(homes);
    }
    await runRaw(stack.runtimeOf(1), command("clear table webservers"));
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
  });

  test("share every session with the others as soon as the update ends", async () => {
    await docker.getContainer(stack.haproxyNameOf(1)).restart({ t: 1 });
    await until(async () => stack.areAllUp(1));
    const known = ids("known", 300);
    const homes = await mapSessions(stack.urlOf(1), known);
    await stack.up({ balancers: 3 });
    const fresh = ids("fresh", 300);
    const first = await mapSessions(stack.urlOf(1), fresh);
    for (const n of [2, 3]) {
      expect(await mapSessions(stack.urlOf(n), fresh)).toEqual(first);
      expect(await mapSessions(stack.urlOf(n), known)).toEqual(homes);
    }
    expect((await stack.command("plan")).stdout.trim()).toBe("nothing to change");
  });

  test("leave the clients of the others in peace in hash mode, too", async () => {
    await updateUnderLoad([stack.urlOf(1)], { balancers: 2, mode: "hash", count: 3 });
    expect(await serverNames(2)).toEqual(names(3));
  });
});

describe("in hash mode", () => {
  test("all balancers map sessions alike, after any history", async () => {
    await stack.up({ count: 5 });
    await docker.getContainer(stack.haproxyNameOf(2)).restart({ t: 1 });
    await updateUnderLoad([stack.urlOf(1), stack.urlOf(2)], { count: 4, balancers: 3 });
    for (const n of ALL) expect(await serverNames(n)).toEqual(names(4));
    const sessions = ids("hash", 1_000); // test/haproxy/probe.test.ts has 10,000 of them
    const [first, ...rest] = await Promise.all(ALL.map((n) => mapSessions(stack.urlOf(n), sessions)));
    expect(new Set(first?.values()).size).toBe(4);
    for (const mapping of rest) expect(mapping).toEqual(first);
  });
});

test("destroy leaves nothing of any of them", async () => {
  await stack.destroy();
  expect(await stack.resources()).toEqual([]);
});
