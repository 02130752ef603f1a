import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DirectStack } from "../harness/direct-stack.ts";
import { versionPattern } from "../harness/haproxy-image.ts";
import { CTRL_C, docker } from "../harness/running-stack.ts";
import { until } from "../harness/until.ts";
import { visible } from "../harness/visible.ts";

const VERSION = versionPattern();

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-status");
});
afterAll(() => stack?.dispose());

describe("status", () => {
  test("lists the servers, and exits with 0 when all is as declared", async () => {
    const { exitCode, stdout } = await stack.startCommand("status").ended;
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      new RegExp(
        `^HAProxy ${VERSION} at 127\\.0\\.0\\.1:\\d+, pid \\d+, up \\d+ s, 0 reloads, 0 failed$`,
        "m",
      ),
    );
    expect(stdout).toMatch(/^s2 +172\.28\.131\.12:9898 +ready +UP +L7OK .* 100 +s2 +\d+ +\d+$/m);
  });

  test("marks drift with exit code 1", async () => {
    await stack.command("drain", "s2");
    await stack.command("runtime", "set server webservers/s1 weight 7");
    const { exitCode, stdout } = await stack.startCommand("status", "--json").ended;
    expect(exitCode).toBe(1);
    const [balancer] = JSON.parse(stdout);
    expect(balancer.servers.map((server: { drift: string }) => server.drift)).toEqual([
      "declared weight 100",
      "drain",
      "",
    ]);
    await stack.command("ready", "s2");
    await stack.command("runtime", "set server webservers/s1 weight 100");
    expect((await stack.command("status")).exitCode).toBe(0);
  });

  test("shows a server that is down, and a HAProxy that does not answer", async () => {
    const app = docker.getContainer(`${stack.name}-podinfo3`);
    await app.pause();
    await until(async () => (await stack.servers()).get("s3")?.isUp === false);
    const down = await stack.command("status");
    await app.unpause();
    expect(down.exitCode).toBe(1);
    expect(down.stdout).toMatch(/^s3 .* DOWN +L[47]TOUT .* down$/m);
    const haproxy = docker.getContainer(stack.haproxyName);
    await haproxy.kill();
    const gone = await stack.command("status");
    await haproxy.start();
    expect(gone.exitCode).toBe(1);
    expect(gone.stdout).toMatch(/^HAProxy at 127\.0\.0\.1:\d+ does not answer: /);
    await until(() => stack.areAllUp());
  });

  test("is drawn again every second on a terminal, in colours there alone", async () => {
    const watched = stack.startOnTerminal("status", "--watch");
    await watched.seen(/(HAProxy \d[\s\S]*\ns3 [\s\S]*){2}/);
    watched.type(CTRL_C);
    const { exitCode, output } = await watched.ended;
    expect(exitCode).toBe(0);
    const looks = visible(output).split("ESC[H").slice(1);
    expect(looks.length).toBeGreaterThan(1);
    for (const look of looks)
      expect(look).toMatch(new RegExp(`^HAProxy ${VERSION} [\\s\\S]*ESC\\[1mserver[\\s\\S]*\\ns3 `));
    const piped = stack.startCommand("status", "--watch", "--json");
    await piped.seen(/\n.*\n/);
    piped.kill("SIGINT");
    const { exitCode: pipedCode, stdout } = await piped.ended;
    expect(pipedCode).toBe(0);
    for (const line of stdout.trimEnd().split("\n")) expect(JSON.parse(line)).toHaveLength(1);
  });

  test("ends by an interrupt that comes twice, as npm passes it on, while it looks", async () => {
    const watching = stack.startCommand("status", "--watch", "--json");
    await watching.seen(/\n/);
    await sleep(1_100); // the next look begins after a second
    watching.kill("SIGINT");
    await sleep(20);
    watching.kill("SIGINT");
    expect((await watching.ended).exitCode).toBe(0);
  });
});
