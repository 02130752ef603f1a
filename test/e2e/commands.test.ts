import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command } from "../../src/runtime/command.ts";
import { runRaw } from "../../src/runtime/connection.ts";
import { get } from "./load.ts";
import { TestStack } from "./stack.ts";

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.create({ name: "e2e-commands", number: 11, config: { count: 2 } });
});
afterAll(() => stack?.dispose());

describe("the commands", () => {
  test("of a stack that is not up say how to start it", async () => {
    const { exitCode, output } = await stack.command("status");
    expect(exitCode).toBe(1);
    expect(output).toContain("stack e2e-commands is not up; start it with: npm start -- --stack e2e-commands");
  });

  test("start brings it up and prints its addresses", async () => {
    const { exitCode, output } = await stack.command("start");
    expect(exitCode).toBe(0);
    expect(output).toMatch(/Stack e2e-commands is up: 2 servers in sticky mode/);
    expect(output).toContain(`HTTP         ${stack.url}`);
    expect(output).toContain("npm run scale -- 6 --stack e2e-commands");
  });

  test("scale sets the count and brings it there", async () => {
    expect((await stack.command("scale", "3")).exitCode).toBe(0);
    expect([...(await stack.servers()).keys()].sort()).toEqual(["s1", "s2", "s3"]);
    const refused = await stack.command("scale", "many");
    expect(refused.exitCode).toBe(1);
    expect(refused.output).toContain('count: "many" is refused; allowed: a whole number');
  });

  test("plan tells what a change will do", async () => {
    expect((await stack.command("plan")).output).toBe("nothing to change\n");
    stack.configure({ count: 4, mode: "hash" });
    expect((await stack.command("plan")).output).toBe("runtime: + s4\nreload: mode sticky → hash\n");
    stack.configure({ count: 3, mode: undefined });
  });

  test("status lists the servers, and marks drift with exit code 1", async () => {
    const fine = await stack.command("status");
    expect(fine.exitCode).toBe(0);
    expect(fine.output).toMatch(/^HAProxy 3\.2\S* at 127\.0\.0\.1:\d+, pid \d+, up \d+ s, 0 reloads, 0 failed$/m);
    expect(fine.output).toMatch(/^s3 +172\.28\.111\.13:9898 +ready +UP +L7OK /m);
    await runRaw(stack.runtime, command("disable server webservers/s2"));
    const drifted = await stack.command("status", "--json");
    expect(drifted.exitCode).toBe(1);
    const [balancer] = JSON.parse(drifted.output);
    expect(balancer.servers.map((server: { drift: string }) => server.drift)).toEqual(["", "maint", ""]);
    await stack.up();
    expect((await stack.command("status")).exitCode).toBe(0);
  });

  test("runtime runs one command of the worker or the master, and refuses two", async () => {
    expect((await stack.command("runtime", "show info")).output).toMatch(/^Name: HAProxy$/m);
    expect((await stack.command("runtime", "@master show proc")).output).toMatch(/^1 +master/m);
    const two = await stack.command("runtime", "show info; show stat");
    expect(two.exitCode).toBe(1);
    expect(two.output).toContain("is not one runtime command");
  });

  test("logs prints the lines of all containers, with their names", async () => {
    await get(`${stack.url}/version`);
    const { exitCode, output } = await stack.command("logs", "--no-follow", "--since", "10m");
    expect(exitCode).toBe(0);
    expect(output).toMatch(/^e2e-commands-haproxy1 \| .*GET \/version HTTP\/1\.1/m);
    expect(output).toMatch(/^e2e-commands-podinfo\d \| \{.*\/version/m);
  });

  test("logs follows, and new containers join", async () => {
    const following = stack.startCommand("logs", "--since", "1s");
    await stack.up({ count: 4 });
    await following.seen(/^e2e-commands-podinfo4 \| /m);
    following.kill("SIGINT");
    expect((await following.ended).exitCode).toBe(0);
  });

  test("stop leaves nothing", async () => {
    expect((await stack.command("stop")).exitCode).toBe(0);
    expect(await stack.resources()).toEqual([]);
  });

  test("tell their options with --help", async () => {
    for (const name of ["start", "scale", "stop", "status", "logs", "plan", "runtime"]) {
      const { exitCode, output } = await stack.command(name, "--help");
      expect(exitCode).toBe(0);
      expect(output).toContain("--stack <name>");
    }
  });
});
