import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import { keyOf } from "../../src/haproxy/runtime/stick-table.ts";
import { DirectStack } from "../harness/direct-stack.ts";
import { rememberMany } from "../harness/many-sessions.ts";
import { exchange, requestWithId, serverIn } from "../harness/raw-socket.ts";

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-sessions");
});
afterAll(() => stack?.dispose());

describe("sessions", () => {
  /** Session ids that try to look like something else. */
  const HOSTILE = [
    Buffer.from("with space"),
    Buffer.from("key=x use=0 exp=1 shard=0 server_id=9 server_key=s9"),
    Buffer.from("back\\slash\\"),
    Buffer.from("quo\"te'"),
    Buffer.from("a;b#c<<"),
    Buffer.from("tab\there"),
    Buffer.from("\u001b[31mred\u0007"),
    Buffer.from("\u009b31m"),
    Buffer.from("žluť 😀"),
    Buffer.from([0x61, 0xff, 0xfe, 0x62]),
    Buffer.from("x".repeat(128)),
  ];

  test("lists who is where, whatever clients call themselves", async () => {
    const homes = new Map<string, string | undefined>();
    for (const id of HOSTILE)
      homes.set(id.toString("latin1"), serverIn(await exchange(stack.ports.http, requestWithId(id))));
    const { exitCode, stdout } = await stack.command("sessions", "--json");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^[\n -~]*$/);
    const { sessions, servers, total } = JSON.parse(stdout);
    const found = new Map(sessions.map(({ key, server }: { key: string; server: string }) => [key, server]));
    for (const [id, home] of homes) {
      const bytes = Buffer.from(id, "latin1");
      // an app may answer 400 to control characters, and then nobody is named
      if (home !== undefined) expect(found.get(spelled(bytes))).toBe(home);
      else expect(found.has(spelled(bytes))).toBe(true);
    }
    expect(total).toBe(sessions.length);
    expect(Object.values<number>(servers).reduce((sum, count) => sum + count, 0)).toBe(total);
    for (const id of ["žluť 😀", "\u001b[31mred\u0007"])
      expect(sessions).toContainEqual(expect.objectContaining({ id }));
    const text = (await stack.command("sessions")).stdout;
    expect(text).toMatch(/^[\n -~]*$/);
    expect(text.split("\n").filter((line) => /^s\d +\d+m\d\ds {2}/.test(line))).toHaveLength(total);
  });

  /** As HAProxy spells it. */
  const spelled = (bytes: Buffer): string =>
    bytes.equals(Buffer.from([0x61, 0xff, 0xfe, 0x62])) ? "a\\xFF\\xFEb" : keyOf(bytes.toString());

  test("finds one by its id", async () => {
    const ids = ["a;b#c<<", "tab\there", "žluť 😀", "key=x use=0 exp=1 shard=0 server_id=9 server_key=s9"];
    const answers = await Promise.all(ids.map((id) => stack.command("sessions", "--id", id)));
    for (const [index, id] of ids.entries()) {
      const { stdout } = answers[index] ?? { stdout: "" };
      expect(stdout.startsWith(`${keyOf(id)} is on s`)).toBe(true);
      expect(stdout).toMatch(/ is on s\d, and forgotten in (30m00|29m\d\d)s unless it is used\n$/);
    }
    expect((await stack.command("sessions", "--id", "nobody")).stdout).toBe(
      "nobody is not known to HAProxy\n",
    );
    const refused = await stack.command("sessions", "--id", "two\nlines");
    expect({ exitCode: refused.exitCode, stdout: refused.stdout }).toEqual({ exitCode: 1, stdout: "" });
  });

  test("filters by server, and refuses one that HAProxy does not have", async () => {
    const { servers, sessions, total } = JSON.parse(
      (await stack.command("sessions", "--json", "--server", "s2")).stdout,
    );
    expect(sessions.every(({ server }: { server: string }) => server === "s2")).toBe(true);
    expect(servers).toEqual({ s2: total });
    const { exitCode, stderr } = await stack.command("sessions", "--server", "s9");
    expect(exitCode).toBe(1);
    expect(stderr).toContain('--server: "s9" is refused; allowed: s1, s2, s3');
  });

  test("takes no option that --id leaves nothing to", async () => {
    for (const [option, value] of [
      ["--server", "s1"],
      ["--limit", "0"],
    ] as const) {
      const { exitCode, stdout, stderr } = await stack.command("sessions", "--id", "nobody", option, value);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(stderr).toContain(`option '--id <id>' cannot be used with option '${option}`);
    }
  });

  test("reads 100,000 within seconds", async () => {
    await rememberMany(stack.haproxyOf(1), 100_000);
    const start = Date.now();
    const { stdout } = await stack.command("sessions", "--limit", "5");
    expect(Date.now() - start).toBeLessThan(30_000);
    expect(stdout).toMatch(/^s2 +33\d\d\d +33\.\d %$/m);
    expect(stdout).toMatch(/^total +100\d\d\d +5 listed, --limit lists more$/m);
    await runRaw(stack.runtime, command("clear table webservers"));
  });
});
