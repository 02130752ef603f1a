import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DirectStack } from "../harness/direct-stack.ts";
import { serverFor } from "../harness/raw-socket.ts";
import { docker } from "../harness/running-stack.ts";
import { EchoSocket } from "../harness/sockets.ts";

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-drain");
});
afterAll(() => stack?.dispose());

const serverOf = (id: string): Promise<string | undefined> => serverFor(stack.ports.http, id);

describe("drain and ready", () => {
  test("refuse names that HAProxy does not have, and touch nothing", async () => {
    for (const name of ["drain", "ready"]) {
      const { exitCode, stderr, stdout } = await stack.command(name, "s1", "s9");
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(stderr).toContain('server: "s9" is refused; allowed: s1, s2, s3');
    }
    expect([...(await stack.servers()).values()].map(({ adminState }) => adminState)).toEqual([
      "ready",
      "ready",
      "ready",
    ]);
  });

  test("take a server out for new sessions alone, wait for its last one, and bring it back", async () => {
    const ids = Array.from({ length: 12 }, (_, n) => `drained-${n}`);
    const homes = await Promise.all(ids.map(serverOf));
    const id = ids[homes.indexOf("s2")] ?? "";
    const socket = await EchoSocket.open(stack.url, id);
    const { exitCode, stdout } = await stack.command("drain", "s2");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^s2 drains: 1 connection in use, \d+ remembered sessions? sticks? to it$/m);
    expect(stdout).toContain(
      "back into rotation: npm run ready -- s2 --stack direct-drain, or the next pulumi up",
    );
    expect(await serverOf(id)).toBe("s2");
    expect(await Promise.all(ids.map((other) => serverOf(`new-${other}`)))).not.toContain("s2");
    const busy = await stack.command("drain", "s2", "--wait", "--timeout", "1");
    expect(busy.exitCode).toBe(1);
    expect(busy.stderr).toContain("after 1 s (--timeout) s2: 1 connection in use; still draining");
    expect(socket.wasClosed).toBe(false);
    const waiting = stack.command("drain", "s2", "--wait");
    await sleep(500);
    socket.end();
    const { exitCode: waitedCode, stdout: waited } = await waiting;
    expect(waitedCode).toBe(0);
    expect(waited).toMatch(/^s2: no connection in use$/m);
    const back = await stack.command("ready", "s2");
    expect(back).toMatchObject({ exitCode: 0, stdout: "s2: in rotation, up\n" });
    expect(await Promise.all(ids.map((other) => serverOf(`later-${other}`)))).toContain("s2");
  });

  test("bring back no server before a check finds it up", async () => {
    const app = docker.getContainer(`${stack.name}-podinfo3`);
    await stack.command("runtime", "disable server webservers/s3");
    await app.pause();
    const dead = await stack.command("ready", "s3", "--timeout", "5");
    const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => serverOf(`meanwhile-${n}`)));
    await app.unpause();
    expect(dead.exitCode).toBe(1);
    expect(dead.stderr).toMatch(/does not report up within 5 s \(--timeout\) s3: DOWN L[47]TOUT/);
    expect(answers).not.toContain("s3");
    expect((await stack.command("ready", "s3")).exitCode).toBe(0);
  });

  test("leave what sticks to a server in maintenance elsewhere until a check finds it up", async () => {
    const ids = Array.from({ length: 12 }, (_, n) => `kept-${n}`);
    const homes = await Promise.all(ids.map(serverOf));
    const sticking = ids.filter((_, index) => homes[index] === "s3");
    expect(sticking).not.toEqual([]);
    const app = docker.getContainer(`${stack.name}-podinfo3`);
    await stack.command("runtime", "disable server webservers/s3");
    await app.pause();
    const { exitCode } = await stack.command("drain", "s3");
    const answers = await Promise.all(sticking.map(serverOf)).finally(() => app.unpause());
    expect(exitCode).toBe(0);
    expect(answers).not.toContain("s3");
    expect((await stack.command("ready", "s3")).exitCode).toBe(0);
  });

  test("warn when nobody is left for new sessions", async () => {
    const { exitCode, stderr } = await stack.command("drain", "s1", "s2", "s3");
    expect(exitCode).toBe(0);
    expect(stderr).toBe("warning: no server is left for new sessions; they get status 503\n");
    expect((await stack.command("ready", "s1", "s2")).stdout).toContain(
      "still out of rotation: s3 (drain); the next pulumi up puts all back",
    );
  });
});
