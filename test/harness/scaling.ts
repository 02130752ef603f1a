import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readConfig } from "../../src/docker/config-volume.ts";
import { labelsOf } from "../../src/docker/labels.ts";
import { get, Load, mapSessions } from "./load.ts";
import { docker } from "./running-stack.ts";
import { EchoSocket } from "./sockets.ts";
import { TestStack } from "./stack.ts";
import { placeOf } from "./stack-places.ts";
import { until } from "./until.ts";

const SESSIONS = Array.from({ length: 500 }, (_, index) => `session-${index}`);

/** What a stack promises of scaling, in either mode. */
export function describeScaling(mode: "sticky" | "hash"): void {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await TestStack.create({ name: `e2e-scaling-${mode}`, config: { mode } });
    await stack.up();
  });
  afterAll(() => stack?.dispose());

  describe(`a stack in ${mode} mode`, () => {
    const serverNames = async () => [...(await stack.servers()).keys()].sort();
    const names = (count: number) => Array.from({ length: count }, (_, index) => `s${index + 1}`);

    /** The servers of the file in the volume, which a restarted HAProxy runs. */
    async function fileServers(): Promise<string[]> {
      const text = await readConfig(docker, {
        volumeName: `${stack.haproxyName}-config`,
        image: "haproxy:3.2",
        peerName: "haproxy1",
        labels: labelsOf(stack.name, "test", "config-check"),
      });
      return Array.from(text?.matchAll(/^ {4}server (s\d+) /gm) ?? [], ([, name]) => name ?? "");
    }

    test("tells its addresses and spreads requests over all servers", async () => {
      const outputs = await stack.outputs();
      expect(outputs).toMatchObject({
        mode,
        urls: [stack.url],
        runtimeEndpoints: [`127.0.0.1:${stack.ports.runtime}`],
        statsUrls: [`http://127.0.0.1:${stack.ports.stats}`],
        servers: names(3).map((name, index) => ({
          name,
          address: `${placeOf(stack.name).prefix}.${11 + index}:9898`,
        })),
      });
      const load = new Load(stack.url, { clients: 3, pauseMs: 0 });
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const { sent, failures, answeredBy } = await load.stop();
      expect(failures).toEqual([]);
      expect(sent).toBeGreaterThan(30);
      expect(answeredBy.size).toBe(3);
    });

    test("keeps a session where it is", async () => {
      const first = await mapSessions(stack.url, SESSIONS);
      expect(new Set(first.values()).size).toBe(3);
      expect(await mapSessions(stack.url, SESSIONS)).toEqual(first);
    });

    test("an update with nothing to do changes nothing", async () => {
      expect(await stack.up()).toMatch(/Resources:\s+\d+ unchanged\s+Duration/);
    });

    test("scales 3→6→2→5 under load without a failed request, a closed WebSocket on a surviving server, or a restart", async () => {
      const before = await stack.haproxyIdentity();
      const load = new Load(stack.url);
      const sockets = await openSocketsOn(["s1", "s2"]);
      for (const count of [6, 2, 5]) {
        await stack.up({ count });
        expect(await serverNames()).toEqual(names(count));
        expect(await fileServers()).toEqual(names(count));
        expect(
          [...(await stack.servers()).values()].every(
            ({ isUp, isChecked, weight }) => isUp && isChecked && weight === 100,
          ),
        ).toBe(true);
      }
      const { sent, failures, answeredBy } = await load.stop();
      expect(failures).toEqual([]);
      expect(sent).toBeGreaterThan(1000);
      expect(answeredBy.size).toBeGreaterThanOrEqual(8); // 3, then 3 more, then 3 new ones
      for (const socket of sockets) {
        expect(socket.echoes).toBeGreaterThan(20);
        expect(socket.wasClosed).toBe(false);
        socket.end();
      }
      expect(await stack.haproxyIdentity()).toEqual(before);
    });

    test("scales to none and back, with the same HAProxy", async () => {
      const before = await stack.haproxyIdentity();
      await stack.up({ count: 0 });
      expect(await serverNames()).toEqual([]);
      expect((await get(stack.url)).status).toBe(503);
      await stack.up({ count: 4 });
      expect(await serverNames()).toEqual(names(4));
      expect((await get(stack.url)).status).toBe(200);
      expect(await stack.haproxyIdentity()).toEqual(before);
    });

    test("a restarted HAProxy has the same rotation", async () => {
      const before = await mapSessions(stack.url, SESSIONS);
      await docker.getContainer(stack.haproxyName).restart();
      await until(async () => (await get(stack.url)).status === 200);
      expect(await serverNames()).toEqual(names(4));
      const after = await mapSessions(stack.url, SESSIONS);
      expect(new Set(after.values()).size).toBe(4);
      if (mode === "sticky") return; // a HAProxy that crashed is proved in that mode to need no update
      expect(after).toEqual(before);
      expect(await stack.up()).toMatch(/\d+ unchanged\s+Duration/);
    });

    /** Opens sockets until every one of the servers has two. */
    async function openSocketsOn(wanted: readonly string[]): Promise<EchoSocket[]> {
      const hosts = new Map<string, string>();
      for (const name of wanted) {
        const { Id } = await docker.getContainer(`${stack.name}-podinfo${name.slice(1)}`).inspect();
        hosts.set(Id.slice(0, 12), name);
      }
      const homes = await mapSessions(stack.url, SESSIONS.slice(0, 100));
      const sockets: EchoSocket[] = [];
      for (const host of hosts.keys()) {
        const ids = [...homes].filter(([, home]) => home === host).map(([id]) => id);
        for (const id of ids.slice(0, 2)) sockets.push(await EchoSocket.open(stack.url, id));
      }
      expect(sockets).toHaveLength(2 * wanted.length);
      return sockets;
    }
  });

  // once: a mode makes no difference to it
  test.runIf(mode === "sticky")(
    "plain pulumi destroy leaves nothing, and does not touch another",
    async () => {
      const other = await TestStack.create({ name: "e2e-beside", config: { count: 1 } });
      try {
        await other.up();
        expect(await other.resources()).toHaveLength(4);
        const load = new Load(other.url, { clients: 4 });
        await stack.destroy();
        const { sent, failures } = await load.stop();
        expect(await stack.resources()).toEqual([]);
        expect(sent).toBeGreaterThan(200);
        expect(failures).toEqual([]);
      } finally {
        await other.dispose();
      }
    },
  );
}
