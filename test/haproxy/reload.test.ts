import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { stateFileIn } from "../../src/docker/state-file.ts";
import { STATE_FILE } from "../../src/haproxy/container.ts";
import { trialArguments, trialName } from "../../src/haproxy/file/server-line.ts";
import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import { readState, readStats } from "../../src/haproxy/runtime/running-state.ts";
import { DirectStack } from "../harness/direct-stack.ts";
import { get, Load } from "../harness/load.ts";
import { docker } from "../harness/running-stack.ts";
import { shell } from "../harness/shell.ts";
import { until } from "../harness/until.ts";

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-reload");
});
afterAll(() => stack?.dispose());

const run = (line: string) => runRaw(stack.runtime, command(line));
const names = async () => [...(await stack.servers()).keys()].sort();
const checkPaths = () => run("show map virt@ready");

/** Declares something else and syncs it under load. Nobody notices. */
async function syncUnderLoad(changes: Parameters<DirectStack["declare"]>[0]): Promise<string[]> {
  await stack.declare(changes);
  const load = new Load(stack.url);
  try {
    return await stack.sync();
  } finally {
    await load.settle();
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
  }
}

describe("another check", () => {
  afterEach(async () => {
    expect([await names(), (await checkPaths()).trim()]).toEqual([["s1", "s2", "s3"], ""]);
  });

  test("that the containers refuse is not loaded, fails no request, and tells their answer", async () => {
    const before = await stack.haproxyIdentity();
    await expect(syncUnderLoad({ "app.readyPath": "/ready" })).rejects.toThrow(
      /^app\.readyPath \/ready: s1 \(direct-reload-podinfo1, [\d.]+:9898\) answers 404 for \/ready; s2 .*; s3 /,
    );
    expect(await stack.haproxyIdentity()).toEqual(before);
    expect(await stack.areAllUp()).toBe(true);
  });

  test("that they pass is loaded", async () => {
    const told = await syncUnderLoad({ "app.readyPath": "/healthz?a=1,2&b=%20" });
    expect(told).toContain("app.readyPath /healthz?a=1,2&b=%20 tried: s1 s2 s3 pass");
    expect(told.join()).toContain("reload: config");
    expect((await stack.ask(readState)).check).toBe("/healthz?a=1,2&b=%20|localhost|200-399");
  });
});

describe("a server that a check is tried on", () => {
  test("gets no request even where there is no other, and the commands bear it until it goes", async () => {
    const [s1] = stack.declared;
    if (s1 === undefined) throw new Error("three servers are declared");
    using haproxy = stack.haproxyOf(1);
    const { add, checkWith, pause } = haproxy.steps;
    await haproxy.runSteps([
      ...checkWith(trialName(s1), { path: "/version", host: "localhost", status: "200-399" }),
      ...add(trialName(s1), trialArguments(s1)),
    ]);
    await until(async () => (await stack.servers()).get(trialName(s1))?.isUp === true);
    expect(await stack.command("status")).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining("try-s1"),
    });
    expect(await stack.command("sessions")).toMatchObject({ exitCode: 0 });
    expect(await stack.command("probe", "--sessions", "200")).toMatchObject({ exitCode: 0 });
    await haproxy.runSteps(stack.declared.map(({ name }) => pause(name)));
    for (const headers of [{}, { "X-Session-ID": "a" }, { Cookie: `SRV_${stack.name}=try-s1` }])
      expect(await get(stack.url, headers)).toMatchObject({ status: 503 });
    const tried = (await readStats(haproxy)).find(({ name }) => name === trialName(s1));
    expect(tried).toMatchObject({ status: "UP", totalSessions: 0 });
    expect(await stack.sync()).toContain("runtime: ~ s1 s2 s3, - try-s1");
    expect([await names(), (await checkPaths()).trim()]).toEqual([["s1", "s2", "s3"], ""]);
  });
});

describe("a reload", () => {
  /** Twelve clients, each with a session of its own, one after the other for as long as they run. */
  function clients(): () => Promise<number> {
    let [isRunning, slowestMs] = [true, 0];
    const all = Array.from({ length: 12 }, async (_, client) => {
      for (let n = 0; isRunning; n++) {
        const start = performance.now();
        await get(stack.url, { "X-Session-ID": `${client}-${n}` });
        slowestMs = Math.max(slowestMs, performance.now() - start);
      }
    });
    return async () => {
      isRunning = false;
      await Promise.all(all);
      return slowestMs;
    };
  }

  test("knows what the old worker knew: who is down stays down, and nobody waits for it", async () => {
    const hung = docker.getContainer(`${stack.name}-podinfo2`);
    await hung.pause();
    try {
      await until(async () => (await stack.servers()).get("s2")?.isUp === false);
      await run("set server webservers/s3 state drain");
      await run("set server webservers/s1 weight 60");
      await stack.declare({ mode: "hash" });
      const { pid } = await stack.haproxyIdentity();
      const slowest = clients();
      await expect(stack.sync({ readyTimeoutMs: 2_000 })).rejects.toThrow(/not up within 2 s .*: s2 /);
      expect(await slowest()).toBeLessThan(2_000);
      expect((await stack.haproxyIdentity()).pid).not.toBe(pid);
    } finally {
      await hung.unpause();
    }
    await stack.sync();
    expect(await stack.areAllUp()).toBe(true);
  });

  test("carries drains and weights over, which are then mended as at any time", async () => {
    await run("set server webservers/s3 state drain");
    await run("set server webservers/s1 weight 60");
    const told = await syncUnderLoad({ mode: "sticky" });
    expect(told).toEqual(["runtime: ~ s1 s3", expect.stringMatching(/^reload: config /), "runtime: ~ s1 s3"]);
    const servers = [...(await stack.servers()).values()];
    expect(servers.map(({ adminState, weight }) => [adminState, weight])).toEqual(
      Array(3).fill(["ready", 100]),
    );
  });

  test("leaves no file, and a file that was left does not outlive the container's next start", async () => {
    const files = () => shell(stack.haproxyName, "ls /dev/shm");
    expect(await files()).not.toContain("servers");
    using haproxy = stack.haproxyOf(1);
    const state = await haproxy.ask(command("show servers state webservers"));
    await stateFileIn(docker, stack.haproxyName).write(state);
    expect(await shell(stack.haproxyName, `cat ${STATE_FILE}`)).toContain(" s1 ");
    await docker.getContainer(stack.haproxyName).restart();
    expect(await files()).not.toContain("servers");
  });
});
