import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROLE_LABEL, STACK_LABEL } from "../../src/docker/labels.ts";
import { serverOfSession } from "../../src/haproxy/hash-ring.ts";
import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import { keyOf } from "../../src/haproxy/runtime/stick-table.ts";
import { crashAndRestart } from "../harness/crash.ts";
import { get } from "../harness/load.ts";
import { rememberMany } from "../harness/many-sessions.ts";
import { PROJECT } from "../harness/pulumi.ts";
import { exchange, requestWithId, serverIn } from "../harness/raw-socket.ts";
import { EchoSocket } from "../harness/sockets.ts";
import { docker, TestStack } from "../harness/stack.ts";
import type { StartedProgram } from "../harness/started-program.ts";
import { until } from "../harness/until.ts";

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.create({ name: "e2e-commands", config: { count: 2 } });
});
afterAll(() => stack?.dispose());

/** The server to which HAProxy sends a session. */
const serverOf = async (id: string): Promise<string | undefined> =>
  serverIn(await exchange(stack.ports.http, requestWithId(Buffer.from(id))));

/** Waits until every server is up, by a check. */
const untilAllUp = (n = 1): Promise<void> => until(() => stack.areAllUp(n), 60_000);

const visible = (text: string): string => text.replaceAll("\u001b", "ESC");

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
});

describe("status", () => {
  test("lists the servers, and exits with 0 when all is as declared", async () => {
    const { exitCode, stdout } = await stack.startCommand("status").ended;
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^HAProxy 3\.2\S* at 127\.0\.0\.1:\d+, pid \d+, up \d+ s, 0 reloads, 0 failed$/m);
    expect(stdout).toMatch(/^s2 +172\.28\.111\.12:9898 +ready +UP +L7OK .* 100 +s2 +\d+ +\d+$/m);
  });

  test("marks drift with exit code 1, until the next update mends it", async () => {
    await stack.command("drain", "s2");
    await stack.command("runtime", "set server webservers/s1 weight 7");
    const { exitCode, stdout } = await stack.startCommand("status", "--json").ended;
    expect(exitCode).toBe(1);
    const [balancer] = JSON.parse(stdout);
    expect(balancer.servers.map((server: { drift: string }) => server.drift)).toEqual([
      "declared weight 100",
      "drain",
    ]);
  });

  test.each([
    { count: "many", words: 'count: "many" is refused; allowed: a whole number' },
    {
      count: "300",
      words: "count: 300 is refused; allowed: 0 to 244, the app addresses of subnet 172.28.111.0/24",
    },
  ])(
    "stays as it is after scale $count, which is refused before it is in the stack's file",
    async ({ count, words }) => {
      const file = join(PROJECT, `stacks/Pulumi.${stack.name}.yaml`);
      const before = readFileSync(file, "utf8");
      const { exitCode, stderr } = await stack.command("scale", count);
      expect(exitCode).toBe(1);
      expect(stderr).toContain(words);
      expect(readFileSync(file, "utf8")).toBe(before);
    },
  );

  test("is content after scale, which sets the count, brings it there and mends the rest", async () => {
    expect((await stack.startCommand("scale", "3").ended).exitCode).toBe(0);
    expect([...(await stack.servers()).keys()].sort()).toEqual(["s1", "s2", "s3"]);
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
    await untilAllUp();
  });

  test("is drawn again every second on a terminal, in colours there alone", async () => {
    const { exitCode, output } = await stack.commandOnTerminal("status", ["--watch"], 15);
    expect(exitCode).toBe(0);
    const looks = visible(output).split("ESC[H").slice(1);
    expect(looks.length).toBeGreaterThan(1);
    for (const look of looks) expect(look).toMatch(/^HAProxy 3\.2[\s\S]*ESC\[1mserver[\s\S]*\ns3 /);
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

/** The lines of old notes, as they were typed. */
const MANAGEMENT = [
  { line: "show info", answer: /^Name: HAProxy\n[\s\S]*\nPid: \d+\n/ },
  { line: "show stat", answer: /^# pxname,svname,[\s\S]*\nwebservers,s1,/ },
  { line: "show libs", answer: /\/haproxy\n/ },
  { line: "show errors", answer: /^Total events captured on / },
  { line: "show version", answer: /^3\.2\.\d+\S*\n\n$/ },
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
    expect(stdout).toMatch(/^(3\.2\.\S+\n\n){2}$/);
    expect(stderr).toMatch(/refused: Require 'backend\/server'\.\n.*refused: Unknown command: 'bogus'/);
  });

  test("asks the master process, and the balancer that is named", async () => {
    expect((await stack.command("runtime", "@master show proc")).stdout).toMatch(/^1 +master/m);
    expect((await stack.command("runtime", "@1 show version; show proc")).stdout).toMatch(
      /^3\.2\.\S+\n\n#<PID>/,
    );
    expect((await stack.command("runtime", "--balancer", "1", "show", "version")).stdout).toMatch(/^3\.2/);
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
    await untilAllUp();
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain("closed the connection");
  });
});

describe("logs", () => {
  test("shows a WebSocket in HAProxy's lines when it opens and when it closes, and in podinfo's", async () => {
    await get(`${stack.url}/version`);
    const socket = await EchoSocket.open(stack.url, "a-logged-session");
    socket.end();
    await until(async () => {
      const { exitCode, stdout } = await stack.command("logs", "--no-follow", "--since", "10m");
      const lines = [...stdout.matchAll(/^e2e-commands-haproxy1 \| (\{.*\})$/gm)].map(([, json = ""]) =>
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
      expect(stdout).toMatch(/^e2e-commands-podinfo\d \| \{.*"uri":"\/ws\/echo"/m);
      expect(stdout).toMatch(/^e2e-commands-podinfo\d \| \{.*"uri":"\/version"/m);
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
      name: `e2e-commands-${name}`,
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
        await following.seen(new RegExp(`(^e2e-commands-noise \\| up$[\\s\\S]*){${count}}`, "m"));
      }
    } finally {
      await noise.remove({ force: true });
    }
    following.kill("SIGINT");
    const { exitCode, stdout, stderr } = await following.ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout.match(/^e2e-commands-noise \| up$/gm)).toHaveLength(starts.length);
  });

  test("goes on where a container is gone at once, or its log cannot be read", async () => {
    const following = await follow();
    for (let n = 0; n < 5; n += 1) await startNoise(`gone${n}`, "true", { AutoRemove: true });
    const unreadable = await startNoise("unreadable", "exec sleep 600", {
      LogConfig: { Type: "none", Config: {} },
    });
    const noise = await startNoise("noise", "echo up; exec sleep 600");
    await following.seen(/^warning: the log of e2e-commands-unreadable cannot be read: \w/m);
    await following.seen(/^e2e-commands-noise \| up$/m);
    const all = await stack.command("logs", "--no-follow");
    for (const container of [unreadable, noise]) await container.remove({ force: true });
    following.kill("SIGINT");
    for (const { exitCode, stdout, stderr } of [all, await following.ended]) {
      expect(exitCode).toBe(1);
      expect(stdout).toMatch(/^e2e-commands-noise \| up$/m);
      expect(stderr).toContain("warning: the log of e2e-commands-unreadable cannot be read: ");
      expect(stderr).not.toMatch(/^ +at /m); // no stack traces
    }
  });

  test("keeps control characters from a terminal, and names containers in colour", async () => {
    const noise = await startNoise("noise", "printf 'a\\tb\\033[31mred\\n'");
    await noise.wait();
    const shown = await stack.commandOnTerminal("logs", ["--no-follow"], 20);
    const piped = await stack.command("logs", "--no-follow");
    await noise.remove();
    expect(visible(shown.output)).toMatch(/^ESC\[\d+me2e-commands-noiseESC\[39m \| a\tb\\x1b\[31mred\r$/m);
    expect(visible(piped.stdout)).toMatch(/^e2e-commands-noise \| a\tbESC\[31mred$/m);
  });
});

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
    await rememberMany(stack.runtime, 100_000);
    const start = Date.now();
    const { stdout } = await stack.command("sessions", "--limit", "5");
    expect(Date.now() - start).toBeLessThan(30_000);
    expect(stdout).toMatch(/^s2 +33\d\d\d +33\.\d %$/m);
    expect(stdout).toMatch(/^total +100\d\d\d +5 listed, --limit lists more$/m);
    await runRaw(stack.runtime, command("clear table webservers"));
  });
});

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

  test("take a server out for new sessions alone, wait for its last connection, and bring it back", async () => {
    const ids = Array.from({ length: 12 }, (_, n) => `drained-${n}`);
    const homes = await Promise.all(ids.map(serverOf));
    const id = ids[homes.indexOf("s2")] ?? "";
    const socket = await EchoSocket.open(stack.url, id);
    const { exitCode, stdout } = await stack.command("drain", "s2");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^s2 drains: 1 connection in use, \d+ remembered sessions? sticks? to it$/m);
    expect(stdout).toContain(
      "back into rotation: npm run ready -- s2 --stack e2e-commands, or the next pulumi up",
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
    const dead = await stack.command("ready", "s3", "--timeout", "2");
    const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => serverOf(`meanwhile-${n}`)));
    await app.unpause();
    expect(dead.exitCode).toBe(1);
    expect(dead.stderr).toMatch(/does not report up within 2 s \(--timeout\) s3: DOWN L[47]TOUT/);
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

describe("a stack in hash mode with two balancers", () => {
  test("logs follows, and new containers join", async () => {
    const following = stack.startCommand("logs", "--since", "1s");
    await stack.up({ count: 4, mode: "hash", balancers: 2 });
    await following.seen(/^e2e-commands-podinfo4 \| /m);
    following.kill("SIGINT");
    expect((await following.ended).exitCode).toBe(0);
  });

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
      expect(serverOfSession(servers, id), id).toBe(await serverOf(id));
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
      await untilAllUp(2);
    }
  });
});

describe("at the end", () => {
  test("stop leaves nothing", async () => {
    expect((await stack.startCommand("stop").ended).exitCode).toBe(0);
    expect(await stack.resources()).toEqual([]);
  });
});
