import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { movedShare } from "../../src/haproxy/hash-ring.ts";
import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import { readStats } from "../../src/haproxy/runtime/running-state.ts";
import type { ProbeResult } from "../../src/probe/probe-run.ts";
import { DirectStack } from "../harness/direct-stack.ts";
import { docker } from "../harness/running-stack.ts";
import type { ProgramRun } from "../harness/started-program.ts";
import { until } from "../harness/until.ts";

const folder = mkdtempSync(join(tmpdir(), "balancer-probe-"));
const file = (name: string): string => join(folder, name);
const [tenThousand, threeThousand, sticky] = [file("10000.json"), file("3000.json"), file("sticky.json")];

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-probe", { mode: "hash", count: 3, balancers: 2 });
});
afterAll(async () => {
  await stack?.dispose();
  rmSync(folder, { recursive: true });
});

const probe = (...args: string[]): Promise<ProgramRun> => stack.command("probe", ...args);
const runtime = (text: string): Promise<string> => runRaw(stack.runtime, command(text));
const readHomes = (path: string): Record<string, string> => JSON.parse(readFileSync(path, "utf8")).mapping;

describe("in hash mode", () => {
  test("10,000 sessions are spread evenly, and each is on the same server again", async () => {
    const { exitCode, output } = await probe("--save", tenThousand, "--json");
    const result: ProbeResult & { isConsistent: boolean } = JSON.parse(output);
    expect(exitCode).toBe(0);
    expect(result).toMatchObject({
      isConsistent: true,
      requests: 20_000,
      rounds: [stack.urlOf(1), stack.urlOf(1)],
      differences: { count: 0 },
      cookieClients: { clients: 100, withCookie: 0 },
      webSockets: { sockets: 100, changes: { count: 0 }, failures: { count: 0 } },
    });
    expect(result.distribution.servers.map(({ server }) => server)).toEqual(["s1", "s2", "s3"]);
    expect(result.distribution.imbalance).toBeLessThan(1.15);
    expect(Object.keys(readHomes(tenThousand))).toHaveLength(10_000);
  });

  test("every balancer sends a session to the same server", async () => {
    const { exitCode, output } = await probe(
      "--sessions",
      "3000",
      "--all-balancers",
      "--save",
      threeThousand,
    );
    expect(exitCode).toBe(0);
    expect(output).toContain(
      "✔ sessions: each of 3,000 sessions sent 3 times through 2 balancers: always the same server",
    );
    expect(output).toContain("✔ cookies: none of 100 clients given one; hash mode sets none");
    expect(output).toContain("✔ WebSockets: 100, each on the server of its session, each message came back");
    // its sessions are the first of the 10,000
    expect(readHomes(tenThousand)).toMatchObject(readHomes(threeThousand));
  });

  test("a server that is added gets a quarter, as is calculated, and nothing else moves", async () => {
    const before = [...(await stack.servers()).values()];
    await stack.update({ count: 4 });
    const page = file("four.html");
    const { exitCode, output } = await probe(
      "--sessions",
      "3000",
      "--compare",
      threeThousand,
      "--html",
      page,
    );
    expect(exitCode).toBe(0);
    const [line = "", count = "", share] =
      /✔ comparison: ([\d,]+) sessions \((\d+\.\d) %\) moved since .*, ideal 25\.0 %; servers: \+ s4$/m.exec(
        output,
      ) ?? [];
    expect(line).not.toBe("");
    expect(Math.abs(Number(share) - 25)).toBeLessThan(3);
    const calculated = 100 * movedShare(before, [...(await stack.servers()).values()]);
    expect(calculated).toBeGreaterThan(20);
    expect(Math.abs(Number(share) - calculated)).toBeLessThan(1.5);
    expect(output.match(/^s\d +s\d +\d+$/gm)?.map((row) => row.slice(0, 8))).toEqual(
      expect.arrayContaining(["s1    s4", "s2    s4", "s3    s4"]),
    );
    expect(output).not.toMatch(/^s\d +s[123] +\d+$/m);
    const html = readFileSync(page, "utf8");
    expect(html).toContain(`${count} sessions (${share} %) moved; ideal is 25.0 %.`);
    expect(html).toContain("Consistent: every check has passed.");
  });

  test("after scaling back all 10,000 are where they were, on either balancer", async () => {
    // which has its servers from the file
    await docker.getContainer(stack.haproxyNameOf(2)).restart({ t: 1 });
    await until(() => stack.areAllUp(2));
    await stack.update({ count: 3 });
    const { exitCode, output } = await probe("--compare", tenThousand, "--all-balancers");
    expect(exitCode).toBe(0);
    expect(output).toContain(`through ${stack.urlOf(1)}, ${stack.urlOf(2)}`);
    expect(output).toMatch(
      /✔ comparison: 0 sessions \(0\.0 %\) moved since .*, ideal 0\.0 %; servers: the same$/m,
    );
  });

  test("moves without a change of servers, and balancers that differ, are listed: exit code 1", async () => {
    await runtime("set server webservers/s2 state maint"); // on the first balancer alone
    const notSaved = file("not-saved.json");
    const { exitCode, output } = await probe(
      "--sessions",
      "3000",
      "--compare",
      threeThousand,
      "--all-balancers",
      "--save",
      notSaved,
    );
    await runtime("set server webservers/s2 state ready");
    expect(exitCode).toBe(1);
    expect(output).toMatch(
      /✖ comparison: .*; servers: the same; [\d,]+ moves not explained by that\n( {4}[0-9a-f-]{36}: s2 → s[13]\n){10} {4}… and [\d,]+ more$/m,
    );
    expect(output).toMatch(
      /✖ sessions: [\d,]+ of 9,000 requests answered by another server than the session's first\n( {4}[0-9a-f-]{36}: s[13], then s2 through \S+\n){10}/,
    );
    expect(output).toContain("not-saved.json is not written: not every session has one server");
    expect(existsSync(notSaved)).toBe(false);
  });
});

describe("a mistake ends the probe before a request is sent", () => {
  const requests = async (): Promise<number> =>
    (await stack.ask(readStats)).reduce((sum, { totalSessions }) => sum + totalSessions, 0);
  const broken = file("broken.json");
  writeFileSync(broken, "{}");

  test.each([
    {
      what: "a file that is no mapping",
      args: ["--compare", broken],
      message: /broken\.json: format: .*"balancer-probe"/,
    },
    { what: "no file", args: ["--compare", file("none.json")], message: /none\.json: ENOENT/ },
    {
      what: "another seed",
      args: ["--compare", tenThousand, "--seed", "2"],
      message: /10000\.json: it cannot be compared with this probe: seed 1, not 2 \(--seed 1\)$/m,
    },
    {
      what: "another count",
      args: ["--compare", threeThousand, "--sessions", "9"],
      message: /: 3000 sessions, not 9 \(--sessions 3000\)$/m,
    },
    { what: "no folder", args: ["--save", join(folder, "none", "x.json")], message: /x\.json: ENOENT/ },
    {
      what: "no such balancer",
      args: ["--balancer", "3"],
      message: /--balancer: 3 is refused; allowed: 1 to 2$/m,
    },
    {
      what: "one balancer and all",
      args: ["--balancer", "1", "--all-balancers"],
      message: /'--all-balancers' cannot be used with option '--balancer <n>'/,
    },
    {
      what: "no session",
      args: ["--sessions", "0"],
      message: /'--sessions <n>' argument '0' is invalid\. Allowed: a whole number from 1 to 100000\./,
    },
    {
      what: "no path",
      args: ["--path", "readyz"],
      message: /'--path <path>' argument 'readyz' is invalid\. Allowed: a path that begins with \//,
    },
  ])("$what", async ({ args, message }) => {
    const before = await requests();
    const { exitCode, output } = await probe(...args);
    expect(output).toMatch(message);
    expect(exitCode).toBe(1);
    expect(await requests()).toBe(before);
  });
});

describe("in sticky mode", () => {
  test("sessions, cookie clients and WebSockets keep their server, on either balancer", async () => {
    await stack.update({ mode: "sticky" });
    const { exitCode, output } = await probe("--sessions", "2000", "--all-balancers", "--save", sticky);
    expect(exitCode).toBe(0);
    expect(output).toContain(
      "✔ sessions: each of 2,000 sessions sent 3 times through 2 balancers: always the same server",
    );
    expect(output).toContain(
      "✔ cookies: 100 clients, 4 requests each with their cookie: always the same server",
    );
    expect(output).toContain("✔ WebSockets: 100, each on the server of its session, each message came back");
    expect((await probe("--sessions", "3000", "--compare", threeThousand)).output).toContain(
      "mode hash, and the stack is in mode sticky",
    );
  });

  test("only the sessions of a removed server move", async () => {
    await stack.update({ count: 2 });
    const { exitCode, output } = await probe("--sessions", "2000", "--compare", sticky, "--json");
    expect(exitCode).toBe(0);
    const { comparison }: ProbeResult = JSON.parse(output);
    const lost = Object.values(readHomes(sticky)).filter((server) => server === "s3").length;
    expect(lost).toBeGreaterThan(500);
    expect(comparison).toMatchObject({
      removed: ["s3"],
      moved: lost,
      idealShare: lost / 2_000,
      unexplained: { count: 0 },
    });
  });

  test("sessions that the stick table has forgotten are listed, with exit code 1", async () => {
    await runtime("clear table webservers");
    const { exitCode, output } = await probe(
      "--sessions",
      "2000",
      "--compare",
      sticky,
      "--cookie-clients",
      "0",
      "--websockets",
      "0",
    );
    expect(exitCode).toBe(1);
    expect(output).toMatch(
      /✔ sessions: .*\n✖ comparison: .*; [\d,]+ moves not explained by that; the stick table forgets a session 30 minutes/,
    );
  });

  test("a balancer that does not answer is named, with exit code 1", async () => {
    await docker.getContainer(stack.haproxyNameOf(2)).stop({ t: 0 });
    const { exitCode, output } = await probe("--all-balancers", "--sessions", "200");
    expect(exitCode).toBe(1);
    expect(output).toContain(`the balancer at ${stack.urlOf(2)} cannot be reached: `);
  });

  test("an address of this host is no obstacle, where the balancers are bound to one", async () => {
    const { IPAM }: Docker.NetworkInspectInfo = await docker.getNetwork("bridge").inspect();
    const { Gateway, Subnet } = IPAM?.Config?.[0] ?? {};
    const address = Gateway ?? Subnet?.replace(/0\/\d+$/, "1"); // some engines leave out what they chose
    expect(address).toMatch(/^[\d.]+$/);
    await stack.dispose();
    stack = await DirectStack.create("direct-probe", {
      mode: "sticky",
      count: 2,
      balancers: 2,
      bind: address,
    });
    const { exitCode, output } = await probe(
      "--all-balancers",
      "--sessions",
      "200",
      "--cookie-clients",
      "10",
      "--websockets",
      "10",
    );
    expect(exitCode, output).toBe(0);
  });
});
