import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import { crashAndRestart } from "../harness/crash.ts";
import { DirectStack } from "../harness/direct-stack.ts";
import { versionPattern } from "../harness/haproxy-image.ts";
import { exchange } from "../harness/raw-socket.ts";
import { until } from "../harness/until.ts";

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-runtime");
});
afterAll(() => stack?.dispose());

const VERSION = versionPattern();

/** The lines of old notes, as they were typed. */
const MANAGEMENT = [
  { line: "show info", answer: /^Name: HAProxy\n[\s\S]*\nPid: \d+\n/ },
  { line: "show stat", answer: /^# pxname,svname,[\s\S]*\nwebservers,s1,/ },
  { line: "show libs", answer: /\/haproxy\n/ },
  { line: "show errors", answer: /^Total events captured on / },
  { line: "show version", answer: new RegExp(`^${VERSION}\n\n$`) },
  { line: "show activity", answer: /^thread_id: / },
  { line: "show servers state", answer: /^1\n# be_id be_name srv_id srv_name [\s\S]* webservers 1 s1 / },
  { line: "add server webservers/s4 podinfo4:9898 check cookie s4", answer: /^New server registered\.\n\n$/ },
  { line: "disable server webservers/s4", answer: /^\n$/ },
  { line: "del server webservers/s4", answer: /^Server deleted\.\n\n$/ },
] as const;

describe("the runtime API", () => {
  test("answers every command by npm run runtime", async () => {
    const run = async ({ line, answer }: (typeof MANAGEMENT)[number]): Promise<void> => {
      const { exitCode, stdout, stderr } = await stack.command("runtime", line);
      expect({ line, exitCode, stderr }).toEqual({ line, exitCode: 0, stderr: "" });
      expect(stdout).toMatch(answer);
    };
    await Promise.all(MANAGEMENT.filter(({ line }) => line.startsWith("show")).map(run));
    for (const step of MANAGEMENT.filter(({ line }) => !line.startsWith("show"))) await run(step);
  });

  test.each([false, true])("answers a plain socket as nc opens it, half-closed: %s", async (isHalfClosed) => {
    for (const { line, answer } of MANAGEMENT) {
      expect(await exchange(stack.ports.runtime, `${line}\n`, isHalfClosed), line).toMatch(answer);
    }
  });

  test.concurrent.each([
    { line: "bogus", words: "Unknown command: 'bogus'" },
    { line: "disable server webservers/s99", words: "No such server." },
    { line: "disable server x", words: "Require 'backend/server'." },
    { line: "show servers state nobody", words: "Can't find backend." },
    { line: "set server webservers/s1 addr nowhere", words: "Invalid addr 'nowhere'" },
    { line: "del server webservers/s1", words: "Only servers in maintenance mode can be deleted." },
    { line: "operator; disable server webservers/s1", words: "Permission denied" },
    { line: "@master bogus", words: "Unknown command: 'bogus'" },
    { line: "@1 disable server webservers/s99", words: "No such server." },
    { line: "@77 show info", words: "Can't find the target PID" },
    { line: "show info\nshow stat", words: "is refused; allowed: one line" },
  ])("exits with 1 where HAProxy refuses: $line", async ({ line, words }) => {
    const { exitCode, stdout, stderr } = await stack.command("runtime", line);
    expect({ exitCode, output: stdout.trim() }).toEqual({ exitCode: 1, output: "" });
    expect(stderr).toContain(words);
  });

  test("takes several commands, and judges each", async () => {
    const { exitCode, stdout, stderr } = await stack.command(
      "runtime",
      "show version; del server x; show version; bogus",
    );
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(new RegExp(`^(${VERSION}\n\n){2}$`));
    expect(stderr).toMatch(/refused: Require 'backend\/server'\.\n.*refused: Unknown command: 'bogus'/);
  });

  test("asks the master process, and the balancer that is named", async () => {
    expect((await stack.command("runtime", "@master show proc")).stdout).toMatch(/^1 +master/m);
    expect((await stack.command("runtime", "@1 show version; show proc")).stdout).toMatch(
      new RegExp(`^${VERSION}\n\n#<PID>`),
    );
    expect((await stack.command("runtime", "--balancer", "1", "show", "version")).stdout).toMatch(
      new RegExp(`^${VERSION}\n`),
    );
    const none = await stack.command("runtime", "--balancer", "2", "show version");
    expect(none.exitCode).toBe(1);
    expect(none.stderr).toContain("--balancer: 2 is refused; allowed: 1, the only balancer of the stack");
  });

  test("exits with 1 where HAProxy ends before it answers", async () => {
    const waiting = stack.startCommand("runtime", "wait 60s");
    await until(
      async () => /fe=GLOBAL .* age=[1-9]/.test(await runRaw(stack.runtime, command("show sess"))),
      60_000,
    );
    await crashAndRestart(stack.haproxyName);
    const { exitCode, stdout, stderr } = await waiting.ended;
    await until(() => stack.areAllUp());
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain("closed the connection");
  });
});
