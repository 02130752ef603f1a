import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readMountedFile } from "../../src/docker/volume-command.ts";
import { CONFIG_FILE } from "../../src/haproxy/container.ts";
import { get, Load, mapSessions } from "./load.ts";
import { docker, type RunningStack } from "./running-stack.ts";
import { EchoSocket } from "./sockets.ts";
import { until } from "./until.ts";

const SESSIONS = Array.from({ length: 500 }, (_, index) => `session-${index}`);

/** Names of so many servers. */
export const serverNames = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `s${index + 1}`);

/** How a stack is made and scaled. */
interface Scaling<S> {
  /** Makes one with three servers. */
  readonly create: () => Promise<S>;
  /** Brings it to another count. */
  readonly scale: (stack: S, count: number) => Promise<unknown>;
  /** Pause of a client meanwhile between two requests. */
  readonly pauseMs: number;
}

/**
 * What a stack promises of scaling, in either mode.
 * @returns the stack, which has four servers in the end
 */
export function describeScaling<S extends RunningStack>(
  mode: "sticky" | "hash",
  { create, scale, pauseMs }: Scaling<S>,
): () => S {
  let stack: S;

  beforeAll(async () => {
    stack = await create();
  });
  afterAll(() => stack?.dispose());

  describe(`a stack in ${mode} mode`, () => {
    const running = async () => [...(await stack.servers()).keys()].sort();

    /** The servers of the file, which a restarted HAProxy runs. */
    async function fileServers(): Promise<string[]> {
      const text = await readMountedFile(docker.getContainer(stack.haproxyName), CONFIG_FILE);
      return Array.from(text?.matchAll(/^ {4}server (s\d+) /gm) ?? [], ([, name]) => name ?? "");
    }

    test("spreads requests over all servers", async () => {
      const load = new Load(stack.url, { clients: 3, pauseMs: 0 });
      await load.hasSent(300);
      const { failures, answeredBy } = await load.stop();
      expect(failures).toEqual([]);
      expect(answeredBy.size).toBe(3);
    });

    test("keeps a session where it is", async () => {
      const first = await mapSessions(stack.url, SESSIONS);
      expect(new Set(first.values()).size).toBe(3);
      expect(await mapSessions(stack.url, SESSIONS)).toEqual(first);
    });

    test("scales 3→6→2→5 under load: no failed request, no WebSocket closed, no restart", async () => {
      const before = await stack.haproxyIdentity();
      const load = new Load(stack.url, { pauseMs });
      const sockets = await openSocketsOn(["s1", "s2"]); // which stay
      for (const count of [6, 2, 5]) {
        await scale(stack, count);
        expect(await running()).toEqual(serverNames(count));
        expect(await fileServers()).toEqual(serverNames(count));
        expect(
          [...(await stack.servers()).values()].every(
            ({ isUp, isChecked, weight }) => isUp && isChecked && weight === 100,
          ),
        ).toBe(true);
      }
      const { failures, answeredBy } = await load.stop();
      expect(failures).toEqual([]);
      expect(answeredBy.size).toBeGreaterThanOrEqual(8); // 3, then 3 more, then 3 new ones
      for (const socket of sockets) {
        await until(async () => socket.echoes > 20);
        expect(socket.wasClosed).toBe(false);
        socket.end();
      }
      expect(await stack.haproxyIdentity()).toEqual(before);
    });

    test("scales to none and back, with the same HAProxy", async () => {
      const before = await stack.haproxyIdentity();
      await scale(stack, 0);
      expect(await running()).toEqual([]);
      expect((await get(stack.url)).status).toBe(503);
      await scale(stack, 4);
      expect(await running()).toEqual(serverNames(4));
      expect((await get(stack.url)).status).toBe(200);
      expect(await stack.haproxyIdentity()).toEqual(before);
    });

    test("a restarted HAProxy has the same rotation", async () => {
      const before = await mapSessions(stack.url, SESSIONS);
      await docker.getContainer(stack.haproxyName).restart();
      await until(async () => (await get(stack.url)).status === 200);
      expect(await running()).toEqual(serverNames(4));
      const after = await mapSessions(stack.url, SESSIONS);
      expect(new Set(after.values()).size).toBe(4);
      if (mode === "hash") expect(after).toEqual(before);
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

  return () => stack;
}
