import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PROJECT } from "../harness/pulumi.ts";
import { TestStack } from "../harness/stack.ts";

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.create({ name: "e2e-commands", config: { count: 2 } });
});
afterAll(() => stack?.dispose());

describe("the commands", () => {
  test("of a stack that is not up say how to start it", async () => {
    const lines = [
      ["status"],
      ["sessions"],
      ["drain", "s1"],
      ["ready", "s1"],
      ["runtime", "show info"],
      ["logs", "--balancer", "1"],
    ] as const;
    for (const { exitCode, stderr, stdout } of await Promise.all(
      lines.map(([name, ...args]) => stack.command(name, ...args)),
    )) {
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(stderr).toContain(
        "stack e2e-commands is not up; start it with: npm start -- --stack e2e-commands",
      );
    }
    expect((await stack.command("logs", "--no-follow")).stderr).toContain(
      "stack e2e-commands has no containers",
    );
  });

  test("start brings it up and prints its addresses", async () => {
    const { exitCode, output } = await stack.startCommand("start").ended;
    expect(exitCode).toBe(0);
    expect(output).toMatch(/Stack e2e-commands is up: 2 servers in sticky mode/);
    expect(output).toContain(`HTTP         ${stack.url}`);
    expect(output).toContain("npm run scale -- 6 --stack e2e-commands");
  });

  test("plan tells what a change will do", async () => {
    expect((await stack.command("plan")).output).toBe("nothing to change\n");
    stack.configure({ count: 3, mode: "hash" });
    expect((await stack.command("plan")).output).toBe("runtime: + s3\nreload: mode sticky → hash\n");
    stack.configure({ count: 2, mode: undefined });
  });

  test("plan reads secrets, and leaves those of other projects alone", async () => {
    for (const [key, value] of [
      ["count", "3"],
      ["other:token", "hush"],
    ] as const) {
      const { exitCode, output } = await stack.pulumi(
        "config",
        "set",
        "--secret",
        key,
        value,
        "--stack",
        stack.name,
      );
      expect(exitCode, output).toBe(0);
    }
    const { exitCode, output } = await stack.command("plan");
    stack.configure({}); // without the secrets
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: "runtime: + s3\n" });
  });

  test.each([
    { count: "many", words: 'count: "many" is refused; allowed: a whole number' },
    {
      count: "300",
      words: "count: 300 is refused; allowed: 0 to 228, the app addresses of subnet 172.28.111.0/24",
    },
  ])("scale refuses $count before it is in the stack's file", async ({ count, words }) => {
    const file = join(PROJECT, `stacks/Pulumi.${stack.name}.yaml`);
    const before = readFileSync(file, "utf8");
    const { exitCode, stderr } = await stack.command("scale", count);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(words);
    expect(readFileSync(file, "utf8")).toBe(before);
  });

  test("scale sets the count and brings it there, and mends what somebody changed", async () => {
    await stack.command("drain", "s2");
    await stack.command("runtime", "set server webservers/s1 weight 7");
    expect((await stack.command("status")).exitCode).toBe(1);
    expect((await stack.startCommand("scale", "3").ended).exitCode).toBe(0);
    expect([...(await stack.servers()).keys()].sort()).toEqual(["s1", "s2", "s3"]);
    expect((await stack.command("status")).exitCode).toBe(0);
  });

  test("logs follows, and new containers join", async () => {
    const following = stack.startCommand("logs", "--since", "1s");
    await stack.up({ count: 4, mode: "hash", balancers: 2 });
    await following.seen(/^e2e-commands-podinfo4 \| /m);
    following.kill("SIGINT");
    expect((await following.ended).exitCode).toBe(0);
  });

  test("stop leaves nothing", async () => {
    expect((await stack.startCommand("stop").ended).exitCode).toBe(0);
    expect(await stack.resources()).toEqual([]);
  });
});
