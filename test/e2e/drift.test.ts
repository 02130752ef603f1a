import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import { get, Load } from "../harness/load.ts";
import { docker } from "../harness/running-stack.ts";
import { EchoSocket } from "../harness/sockets.ts";
import { TestStack } from "../harness/stack.ts";
import { until } from "../harness/until.ts";

describe("a server list that was changed by hand", () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await TestStack.create({
      name: "e2e-drift",
      config: { count: 6, readyTimeout: "5s" },
    });
    await stack.up();
  });
  afterAll(() => stack?.dispose());

  const run = (line: string) => runRaw(stack.runtime, command(line));
  const expectDeclared = async () => {
    const servers = await stack.servers();
    expect([...servers.keys()].sort()).toEqual(["s1", "s2", "s3", "s4", "s5", "s6"]);
    for (const server of servers.values())
      expect(server).toMatchObject({
        adminState: "ready",
        isUp: true,
        weight: 100,
        isChecked: true,
        cookie: server.name,
      });
  };

  test("preview shows every kind of change, and one update mends them all under load", async () => {
    const load = new Load(stack.url, { clients: 4 });
    for (const line of [
      "set server webservers/s1 weight 3",
      "set server webservers/s2 state maint",
      "wait 5s srv-removable webservers/s2",
      "del server webservers/s2",
      "disable server webservers/s3",
      "set server webservers/s4 state drain",
      "set server webservers/s5 addr 172.28.103.11 port 9898",
      "disable health webservers/s6",
      "add server webservers/s9 172.28.103.11:9898",
      "enable server webservers/s9",
    ]) {
      await run(line);
    }
    const { exitCode, output } = await stack.preview();
    expect(exitCode).toBe(0);
    expect(output).toMatch(/RuntimeSync: \(update\)/);
    for (const drift of [
      /weight *: 100 => 3/,
      /- s2: \{/,
      /adminState: "ready" => "maint"/,
      /adminState: "ready" => "drain"/,
      /isChecked *: true => false/,
      /\+ s9: \{/,
    ]) {
      expect(output).toMatch(drift);
    }
    await stack.up();
    await expectDeclared();
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(await stack.up()).toMatch(/\d+ unchanged\s+Duration/);
  });

  test("a server in maintenance gets no traffic before a check finds it up", async () => {
    const { Config } = await docker.getContainer(`${stack.name}-podinfo3`).inspect();
    const readiness = (state: string) =>
      fetch(`http://172.28.103.13:9898/readyz/${state}`, { method: "POST" });
    await run("disable server webservers/s3");
    await readiness("disable");
    const load = new Load(stack.url, { clients: 4 });
    const { exitCode, output } = await stack.tryUp();
    const { answeredBy, failures } = await load.stop();
    expect(exitCode).not.toBe(0);
    expect(output).toMatch(/not up within 5 s \(readyTimeout\): s3 /);
    expect([...answeredBy.keys()]).not.toContain(Config.Hostname);
    expect(answeredBy.size).toBe(5);
    expect(failures).toEqual([]);
    // All the rest is as declared now, and yet the update is not done.
    const again = await stack.tryUp();
    expect(again.exitCode).not.toBe(0);
    expect(again.output).toMatch(/not up within 5 s \(readyTimeout\): s3 /);
    expect((await stack.command("plan")).output).toContain("runtime: waits until s3 is up");
    await readiness("enable");
    await stack.up();
    await expectDeclared();
  });

  test("an app container that is stopped or gone is told by preview, and comes back", async () => {
    await docker.getContainer(`${stack.name}-podinfo2`).stop({ t: 1 });
    await docker.getContainer(`${stack.name}-podinfo4`).remove({ force: true });
    const { output } = await stack.preview();
    expect(output).toContain(`start: ${stack.name}-podinfo2`);
    expect(output).toContain(`create: ${stack.name}-podinfo4`);
    await stack.up();
    await expectDeclared();
  });

  test("what docker update changed is told, and mended while every container runs on", async () => {
    const apps = [1, 2, 3].map((n) => `${stack.name}-podinfo${n}`);
    const looksOf = (names: readonly string[]) =>
      Promise.all(names.map((name) => docker.getContainer(name).inspect()));
    const startsOf = async () =>
      (await looksOf([...apps, stack.haproxyName])).map(({ Id, State }) => [Id, State.StartedAt]);
    const before = await startsOf();
    const identity = await stack.haproxyIdentity();
    const MIB = 1024 * 1024;
    const changes = {
      ...{ Memory: 256 * MIB, MemorySwap: 300 * MIB, MemoryReservation: 100 * MIB },
      ...{ NanoCpus: 1e9, CpuShares: 512, PidsLimit: 200, RestartPolicy: { Name: "no" } },
    };
    for (const name of [...apps, stack.haproxyName]) await docker.getContainer(name).update(changes);
    const words = [
      "in place: memory 256m → 512m, memory-swap 300m → 1024m, memory-reservation 100m → none",
      "cpus 1 → all, cpu-shares 512 → 1024, pids 200 → 512, restart no → always",
      `(${[...apps, stack.haproxyName].join(", ")})`,
    ];
    const told = `${words[0]}, ${words[1]} ${words[2]}`;
    expect((await stack.command("plan")).output).toBe(`${told}\n`);
    const load = new Load(stack.url, { clients: 4 });
    const sockets = await Promise.all(
      Array.from({ length: 6 }, (_, n) => EchoSocket.open(stack.url, `limits-${n}`)),
    );
    const { exitCode, output } = await stack.preview();
    expect(exitCode).toBe(0);
    expect(output).toContain(told);
    expect(output).not.toMatch(/\+-|to replace|to create|to delete/);
    await stack.up();
    expect(sockets.filter(({ wasClosed }) => wasClosed)).toEqual([]);
    for (const socket of sockets) socket.end();
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(await startsOf()).toEqual(before);
    expect(await stack.haproxyIdentity()).toEqual(identity);
    const cpus = (await docker.info()).NCPU;
    for (const { HostConfig } of await looksOf([...apps, stack.haproxyName]))
      expect(HostConfig).toMatchObject({
        ...{ Memory: 512 * MIB, MemorySwap: 1024 * MIB, MemoryReservation: -1 },
        ...{ NanoCpus: cpus * 1e9, CpuShares: 1024, PidsLimit: 512 },
        RestartPolicy: { Name: "always" },
      });
    expect((await stack.command("plan")).output).toBe("nothing to change\n");
    expect(await stack.up()).toMatch(/\d+ unchanged\s+Duration/);
  });

  test("whoever is disconnected, or has another address, is told and comes back", async () => {
    const network = docker.getNetwork(`${stack.name}-balancer`);
    const move = async (container: string, address?: string) => {
      await network.disconnect({ Container: container, Force: true });
      if (address === undefined) return;
      const EndpointConfig = { IPAMConfig: { IPv4Address: address } };
      await network.connect({ Container: container, EndpointConfig });
    };
    const { Id } = await docker.getContainer(stack.haproxyName).inspect();
    await move(`${stack.name}-podinfo2`);
    await move(`${stack.name}-podinfo3`, "172.28.103.200");
    await move(stack.haproxyName);
    expect((await stack.command("plan")).output.split("\n")).toEqual([
      `in place: address none → 172.28.103.2 (${stack.haproxyName})`,
      `drift: ${stack.name}-podinfo2, address none → 172.28.103.12`,
      `drift: ${stack.name}-podinfo3, address 172.28.103.200 → 172.28.103.13`,
      "roll-out: 2 containers in batches of 1",
      "",
    ]);
    await stack.up();
    await expectDeclared();
    // Another network may give HAProxy another gateway, by whose address it knows the host.
    await docker.getNetwork("bridge").connect({ Container: stack.haproxyName });
    await move(stack.haproxyName, "172.28.103.201");
    expect((await stack.preview()).output).toContain(
      `in place: address 172.28.103.201 → 172.28.103.2, network bridge → none (${stack.haproxyName})`,
    );
    await stack.up();
    await expectDeclared();
    expect((await get(stack.url)).status).toBe(200);
    expect((await docker.getContainer(stack.haproxyName).inspect()).Id).toBe(Id);
    expect((await stack.command("plan")).output).toBe("nothing to change\n");
  });

  test("what is tainted, and what somebody disconnected, is replaced through drain and proof", async () => {
    const idOf = async (n: number) => (await docker.getContainer(`${stack.name}-podinfo${n}`).inspect()).Id;
    const idsOf = () => Promise.all([1, 2, 3, 4, 5, 6].map(idOf));
    const before = await idsOf();
    const network = docker.getNetwork(`${stack.name}-balancer`);
    await network.disconnect({ Container: `${stack.name}-podinfo6`, Force: true });
    await until(async () => (await stack.servers()).get("s6")?.isUp === false);
    const type = "balancer:index:BalancedApp$balancer:index:AppServer";
    for (const n of [1, 2, 3]) {
      const urn = `urn:pulumi:${stack.name}::balancer::${type}::${stack.name}-podinfo${n}`;
      expect((await stack.pulumi("state", "taint", "--yes", "--stack", stack.name, urn)).exitCode).toBe(0);
    }
    const load = new Load(stack.url, { clients: 4 });
    await stack.up();
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
    const after = await idsOf();
    expect(after.map((id, index) => id !== before[index])).toEqual([true, true, true, false, false, true]);
    await expectDeclared();
    expect(await stack.up()).toMatch(/\d+ unchanged\s+Duration/);
  });

  test("an edit of haproxy.cfg in the volume is undone", async () => {
    await docker
      .getContainer(stack.haproxyName)
      .putArchive(await tarOf("haproxy.cfg", "# edited\n"), { path: "/usr/local/etc/haproxy" });
    expect((await stack.preview()).output).toMatch(/ConfigFile: \(update\)/);
    await stack.up();
    await docker.getContainer(stack.haproxyName).restart();
    await expect.poll(async () => (await get(stack.url)).status, { timeout: 10_000 }).toBe(200);
  });

  test("refresh works while HAProxy is down, and the next update brings it back", async () => {
    await docker.getContainer(stack.haproxyName).stop({ t: 1 });
    const { exitCode, output } = await stack.pulumi(
      "refresh",
      "--yes",
      "--skip-preview",
      "--stack",
      stack.name,
    );
    expect(output).not.toMatch(/error/i);
    expect(exitCode).toBe(0);
    await stack.up();
    await expectDeclared();
    expect((await get(stack.url)).status).toBe(200);
  });

  test("destroy works while HAProxy is dead", async () => {
    await docker.getContainer(stack.haproxyName).kill();
    await stack.destroy();
    expect(await stack.resources()).toEqual([]);
  });
});

async function tarOf(name: string, text: string): Promise<Buffer> {
  const { default: tar } = await import("tar-stream");
  const { buffer } = await import("node:stream/consumers");
  const pack = tar.pack();
  pack.entry({ name }, text);
  pack.finalize();
  return buffer(pack);
}
