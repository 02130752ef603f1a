import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serverOfSession } from "../../src/haproxy/hash-ring.ts";
import { sessionKeyOf } from "../../src/haproxy/stored-session.ts";
import { DirectStack } from "../harness/direct-stack.ts";
import { serverFor } from "../harness/raw-socket.ts";
import { docker } from "../harness/running-stack.ts";
import { until } from "../harness/until.ts";

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-balancers", { count: 4, mode: "hash", balancers: 2 });
});
afterAll(() => stack?.dispose());

const serverOf = (id: string): Promise<string | undefined> => serverFor(stack.ports.http, id);

describe("a stack in hash mode with two balancers", () => {
  test("drains on all of them, or on the one that is named", async () => {
    const statesOf = async (name: string) =>
      Promise.all([1, 2].map(async (n) => (await stack.servers(n)).get(name)?.adminState));
    expect((await stack.command("drain", "s2")).stdout).toMatch(/^s2 drains: no connection in use$/m);
    expect((await stack.command("drain", "s3", "--balancer", "2")).exitCode).toBe(0);
    expect([await statesOf("s2"), await statesOf("s3")]).toEqual([
      ["drain", "drain"],
      ["ready", "drain"],
    ]);
    expect((await stack.command("status", "--balancer", "1")).stdout).not.toMatch(/^s3 .* drain$/m);
    const drifts = (await stack.command("status")).stdout.match(/^(HAProxy|s\d .* drain$)/gm);
    expect(drifts?.map((line) => line.slice(0, 2))).toEqual(["HA", "s2", "HA", "s2", "s3"]);
    expect((await stack.command("runtime", "--balancer", "2", "show env BALANCER_PEER")).stdout).toBe(
      "BALANCER_PEER=haproxy2\n\n",
    );
    expect((await stack.command("runtime", "--balancer", "3", "show info")).stderr).toContain(
      "--balancer: 3 is refused; allowed: 1 to 2",
    );
    expect((await stack.command("ready", "s3")).exitCode).toBe(0);
    expect(await statesOf("s3")).toEqual(["ready", "ready"]);
  });

  test("has no table of sessions, and tells the server of an id all the same", async () => {
    const { exitCode, stdout, stderr } = await stack.command("sessions");
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain("is in hash mode, where HAProxy remembers no sessions");
    const servers = [...(await stack.servers()).values()].filter(({ adminState }) => adminState === "ready");
    expect(servers).toHaveLength(3);
    for (let n = 0; n < 300; n += 1) {
      const id = ["žluť", "a b", "tab\there", "x".repeat(300)][n] ?? `session-${n}`;
      expect(serverOfSession(servers, sessionKeyOf(id)), id).toBe(await serverOf(id));
    }
    expect((await stack.command("sessions", "--id", "abc123")).stdout).toBe(
      `abc123 goes to ${await serverOf("abc123")}, by its hash\n`,
    );
  });

  test("shows replies and logs of both, or of the one that is named", async () => {
    const { exitCode, stdout } = await stack.command("runtime", "show env BALANCER_PEER");
    const headed = [1, 2].map(
      (n) => `==> haproxy${n} at 127.0.0.1:${stack.ports.runtime + n - 1} <==\nBALANCER_PEER=haproxy${n}\n\n`,
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: headed.join("") });
    const refused = await stack.command("runtime", "disable server webservers/s99");
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr.match(/HAProxy at 127\.0\.0\.1:\d+ refused: No such server\./g)).toHaveLength(2);
    const logs = await stack.command("logs", "--no-follow", "--balancer", "2");
    const names = new Set(Array.from(logs.stdout.matchAll(/^(\S+) \| /gm), ([, name]) => name));
    expect([...names].sort()).toEqual([
      stack.haproxyNameOf(2),
      ...[1, 2, 3, 4].map((n) => `${stack.name}-podinfo${n}`),
    ]);
    const none = await stack.command("logs", "--balancer", "3");
    expect(none.exitCode).toBe(1);
    expect(none.stderr).toContain("--balancer: 3 is refused; allowed: 1 to 2");
  });

  test("tells each server to which an id goes", async () => {
    const home = (await serverOf("abc123")) ?? "";
    expect((await stack.command("drain", home, "--balancer", "2")).exitCode).toBe(0);
    const { stdout } = await stack.command("sessions", "--id", "abc123");
    expect(stdout).toMatch(
      new RegExp(`^abc123 goes to ${home}, by its hash\nabc123 goes to s\\d, by its hash\n$`),
    );
    expect((await stack.command("ready", home)).exitCode).toBe(0);
  });

  test("is served on one balancer while the other does not answer", async () => {
    const home = await serverOf("abc123");
    const other = docker.getContainer(stack.haproxyNameOf(2));
    const unreachable = `HAProxy's runtime API at 127.0.0.1:${stack.ports.runtime + 1} is not reachable`;
    await other.kill();
    try {
      const drained = await stack.command("drain", "s4");
      const { adminState } = (await stack.servers()).get("s4") ?? {};
      const ready = await stack.command("ready", "s4");
      const asked = await stack.command("runtime", "show env BALANCER_PEER");
      const found = await stack.command("sessions", "--id", "abc123");
      expect(adminState).toBe("drain");
      expect(drained.stdout).toContain("s4 drains: ");
      expect(ready.stdout).toContain("s4: in rotation, up\n");
      expect(asked.stdout).toBe(
        `==> haproxy1 at 127.0.0.1:${stack.ports.runtime} <==\nBALANCER_PEER=haproxy1\n\n`,
      );
      expect(found.stdout).toBe(`abc123 goes to ${home}, by its hash\n`);
      for (const { exitCode, stderr } of [drained, ready, asked, found]) {
        expect(exitCode).toBe(1);
        expect(stderr).toContain(unreachable);
      }
    } finally {
      await other.start();
      await until(() => stack.areAllUp(2));
    }
  });
});
