import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROLE_LABEL, STACK_LABEL } from "../../src/docker/labels.ts";
import { DirectStack } from "../harness/direct-stack.ts";
import { get } from "../harness/load.ts";
import { docker } from "../harness/running-stack.ts";
import { EchoSocket } from "../harness/sockets.ts";
import type { StartedProgram } from "../harness/started-program.ts";
import { until } from "../harness/until.ts";
import { visible } from "../harness/visible.ts";

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-logs");
});
afterAll(() => stack?.dispose());

describe("logs", () => {
  test("shows a WebSocket in HAProxy's lines when it opens and closes, and in podinfo's", async () => {
    await get(`${stack.url}/version`);
    const socket = await EchoSocket.open(stack.url, "a-logged-session");
    socket.end();
    await until(async () => {
      const { exitCode, stdout } = await stack.command("logs", "--no-follow", "--since", "10m");
      const lines = [...stdout.matchAll(/^direct-logs-haproxy1 \| (\{.*\})$/gm)].map(([, json = ""]) =>
        JSON.parse(json),
      );
      const events = lines.filter(({ session }) => session === "a-logged-session");
      expect(exitCode).toBe(0);
      expect(events.map(({ event, path, status }) => [event, path, status])).toEqual([
        ["open", "/ws/echo", 101],
        ["close", "/ws/echo", 101],
      ]);
      expect(lines).toContainEqual(
        expect.objectContaining({ event: "request", path: "/version", status: 200 }),
      );
      expect(stdout).toMatch(/^direct-logs-podinfo\d \| \{.*"uri":"\/ws\/echo"/m);
      expect(stdout).toMatch(/^direct-logs-podinfo\d \| \{.*"uri":"\/version"/m);
      return true;
    });
  });

  /** Starts one more app container of the stack, which the test removes. */
  async function startNoise(
    name: string,
    line: string,
    HostConfig: Docker.HostConfig = {},
  ): Promise<Docker.Container> {
    const Labels = { [STACK_LABEL]: stack.name, [ROLE_LABEL]: "app" };
    const Cmd = ["sh", "-c", line];
    const noise = await docker.createContainer({
      name: `direct-logs-${name}`,
      Image: "stefanprodan/podinfo:6.9.2",
      Cmd,
      Labels,
      HostConfig,
    });
    await noise.start();
    return noise;
  }

  /** Follows, once the lines of the containers that run come. */
  async function follow(): Promise<StartedProgram> {
    const following = stack.startCommand("logs", "--since", "10s");
    await following.seen(/ \| /);
    return following;
  }

  test("shows every line of a container that restarts, and none twice", async () => {
    const following = await follow();
    const noise = await startNoise("noise", "echo up; exec sleep 600");
    const starts = [1, 2, 3, 4];
    try {
      for (const count of starts) {
        if (count > 1) await noise.restart({ t: 0 });
        await following.seen(new RegExp(`(^direct-logs-noise \\| up$[\\s\\S]*){${count}}`, "m"));
      }
    } finally {
      await noise.remove({ force: true });
    }
    following.kill("SIGINT");
    const { exitCode, stdout, stderr } = await following.ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout.match(/^direct-logs-noise \| up$/gm)).toHaveLength(starts.length);
  });

  test("goes on where a container is gone at once, or its log cannot be read", async () => {
    const following = await follow();
    for (let n = 0; n < 5; n += 1) await startNoise(`gone${n}`, "true", { AutoRemove: true });
    const unreadable = await startNoise("unreadable", "exec sleep 600", {
      LogConfig: { Type: "none", Config: {} },
    });
    const noise = await startNoise("noise", "echo up; exec sleep 600");
    await following.seen(/^warning: the log of direct-logs-unreadable cannot be read: \w/m);
    await following.seen(/^direct-logs-noise \| up$/m);
    const all = await stack.command("logs", "--no-follow");
    for (const container of [unreadable, noise]) await container.remove({ force: true });
    following.kill("SIGINT");
    for (const { exitCode, stdout, stderr } of [all, await following.ended]) {
      expect(exitCode).toBe(1);
      expect(stdout).toMatch(/^direct-logs-noise \| up$/m);
      expect(stderr).toContain("warning: the log of direct-logs-unreadable cannot be read: ");
      expect(stderr).not.toMatch(/^ +at /m); // no stack traces
    }
  });

  test("keeps control characters from a terminal, and names containers in colour", async () => {
    const noise = await startNoise("noise", "printf 'a\\tb\\033[31mred\\n'");
    await noise.wait();
    const shown = await stack.startOnTerminal("logs", "--no-follow").ended;
    const piped = await stack.command("logs", "--no-follow");
    await noise.remove();
    expect(visible(shown.output)).toMatch(/^ESC\[\d+mdirect-logs-noiseESC\[39m \| a\tb\\x1b\[31mred\r$/m);
    expect(visible(piped.stdout)).toMatch(/^direct-logs-noise \| a\tbESC\[31mred$/m);
  });
});
