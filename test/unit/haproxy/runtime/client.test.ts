import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Haproxy } from "../../../../src/haproxy/runtime/client.ts";
import { command, commandLine } from "../../../../src/haproxy/runtime/command.ts";
import { Connection, runLines, runRaw } from "../../../../src/haproxy/runtime/connection.ts";
import { reload } from "../../../../src/haproxy/runtime/reload.ts";
import { changeRunningCertificate } from "../../../../src/haproxy/runtime/served-certificate.ts";
import { BACKEND } from "../../../../src/stack/topology.ts";
import type { Pem } from "../../../../src/tls/certificate.ts";
import { ScriptedServer } from "./scripted-server.ts";

const SHOW = command("show info");
const STAT = command("show stat");

/** Answers each command with its own words. */
const echo = (socket: Socket, line: string): void => {
  if (line === "prompt i") socket.write("\n");
  else
    socket.write(
      line
        .split(";")
        .map((each) => `${each}!\n\n`)
        .join(""),
    );
};

const haproxyAt = ({ endpoint }: ScriptedServer): Haproxy => new Haproxy(endpoint, BACKEND);

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

describe("what is asked again and again", () => {
  test("goes over one connection, several commands in a line", async () => {
    await using server = await ScriptedServer.start(echo);
    using haproxy = haproxyAt(server);
    expect(await haproxy.run([SHOW, STAT])).toEqual(["show info!", "show stat!"]);
    expect(await haproxy.run([STAT])).toEqual(["show stat!"]);
    expect([server.connections, server.lines]).toEqual([1, ["prompt i", "show info;show stat", "show stat"]]);
  });

  test("is answered in order where several ask at the same time", async () => {
    await using server = await ScriptedServer.start(echo);
    using haproxy = haproxyAt(server);
    expect(await Promise.all([haproxy.run([SHOW]), haproxy.run([STAT]), haproxy.run([SHOW])])).toEqual([
      ["show info!"],
      ["show stat!"],
      ["show info!"],
    ]);
    expect(server.connections).toBe(1);
  });

  test("takes as many lines as HAProxy reads at once", async () => {
    await using server = await ScriptedServer.start(echo);
    using haproxy = haproxyAt(server);
    const many = Array.from({ length: 2_000 }, (_, n) => command(`show table key-${n}`));
    expect(await haproxy.run(many)).toEqual(many.map((line) => `${line}!`));
    expect(server.lines.length).toBeGreaterThan(2);
    for (const line of server.lines) expect(line.length).toBeLessThanOrEqual(16_000);
  });

  test("sends nothing where there is nothing to ask", async () => {
    await using server = await ScriptedServer.start(echo);
    using haproxy = haproxyAt(server);
    expect(await haproxy.run([])).toEqual([]);
    expect(server.connections).toBe(0);
  });

  test("is asked anew where HAProxy closed the connection meanwhile", async () => {
    await using server = await ScriptedServer.start((socket, line) => {
      echo(socket, line);
      if (line === "show info") socket.end();
    });
    using haproxy = haproxyAt(server);
    await haproxy.run([SHOW]);
    await sleep(20);
    expect(await haproxy.run([STAT])).toEqual(["show stat!"]);
    expect(server.connections).toBe(2);
  });

  test("is not repeated where the answer breaks off, and the next one gets a new connection", async () => {
    await using server = await ScriptedServer.start((socket, line, connection) => {
      if (connection > 1 || line === "prompt i") return echo(socket, line);
      socket.write("half an");
      setTimeout(() => socket.end(" answer\n"), 10);
    });
    using haproxy = haproxyAt(server);
    await expect(haproxy.run([SHOW])).rejects.toMatchObject({
      kind: "broken",
      message: expect.stringMatching(
        /closed the connection \(half an answer\) in its answer to "show info"$/,
      ),
    });
    expect(server.lines).toEqual(["prompt i", "show info"]);
    expect(await haproxy.run([STAT])).toEqual(["show stat!"]);
  });

  test("keeps no connection open for long", async () => {
    await using server = await ScriptedServer.start(echo);
    const haproxy = haproxyAt(server);
    await haproxy.run([SHOW]);
    await sleep(2_100);
    await haproxy.run([SHOW]);
    expect(server.connections).toBe(2);
    haproxy.redial();
  });

  test("tells where nobody listens", async () => {
    using haproxy = new Haproxy({ kind: "unix", path: "/nowhere.sock" }, BACKEND);
    await expect(haproxy.run([SHOW])).rejects.toMatchObject({
      kind: "unreachable",
      message: expect.stringMatching(
        /^HAProxy's runtime API at unix@\/nowhere\.sock is not reachable: .*ENOENT/,
      ),
    });
  });
});

test("who waits while it is found unreachable is told at once, and the next one asks anew", async () => {
  using haproxy = new Haproxy({ kind: "unix", path: "/nowhere.sock" }, BACKEND);
  const asked = [SHOW, STAT, SHOW].map((each) => haproxy.run([each]).catch((error: unknown) => error));
  const [first, ...others] = await Promise.all(asked);
  expect(first).toMatchObject({ kind: "unreachable" });
  for (const other of others) expect(other).toBe(first);
  const later = await haproxy.run([STAT]).catch((error: unknown) => error);
  expect(later).toMatchObject({ kind: "unreachable" });
  expect(later).not.toBe(first);
});

describe("a raw answer", () => {
  test("is all that comes until HAProxy closes the connection, empty lines included", async () => {
    await using server = await ScriptedServer.start((socket) => socket.end("a\n\nb\n\n"));
    expect(await runRaw(server.endpoint, SHOW)).toBe("a\n\nb\n\n");
  });

  test("of the master process ends when the client is done, with what still comes", async () => {
    await using server = await ScriptedServer.start((socket) => {
      socket.write("a\n\n");
      socket.prependOnceListener("end", () => socket.write("b\n\n"));
    });
    expect(await runRaw(server.endpoint, command("@master show proc"))).toBe("a\n\nb\n\n");
  });

  test("of the master process for a process that there is not is one line", async () => {
    await using server = await ScriptedServer.start((socket) =>
      socket.write("Can't find the target '@!9'\n"),
    );
    expect(await runRaw(server.endpoint, commandLine("@!9 show info"))).toBe("Can't find the target '@!9'\n");
  });

  test("must be one, unless the process may be gone", async () => {
    await using server = await ScriptedServer.start((socket) => socket.end());
    await expect(runRaw(server.endpoint, SHOW)).rejects.toMatchObject({
      kind: "broken",
      message: expect.stringMatching(/closed the connection without an answer to "show info"$/),
    });
    using connection = await Connection.open(server.endpoint);
    expect(await connection.raw(SHOW)).toBe("");
  });

  test("comes in time", async () => {
    await using server = await ScriptedServer.start((socket) => socket.write("a\n"));
    await expect(runRaw(server.endpoint, SHOW, 50)).rejects.toMatchObject({
      kind: "timeout",
      message: expect.stringMatching(/did not answer "show info" within 0\.05 s$/),
    });
  });
});

describe("an answer that is read as it comes", () => {
  test("gives its lines, however it is cut", async () => {
    const text = "# table: x\n0x1: key=a\n0x2: key=é\n\n";
    for (let at = 1; at < text.length; at++) {
      await using server = await ScriptedServer.start((socket) => {
        socket.write(text.slice(0, at));
        setImmediate(() => socket.end(text.slice(at)));
      });
      expect(await collect(runLines(server.endpoint, SHOW))).toEqual([
        "# table: x",
        "0x1: key=a",
        "0x2: key=é",
      ]);
    }
  });

  test.each([
    ["in the middle of a line", "a\nb"],
    ["before the empty line", "a\nb\n"],
  ])("is not whole where it breaks off %s", async (_what, text) => {
    await using server = await ScriptedServer.start((socket) => socket.end(text));
    await expect(collect(runLines(server.endpoint, SHOW))).rejects.toMatchObject({ kind: "broken" });
  });

  test("has no line without an end", async () => {
    await using server = await ScriptedServer.start((socket) => socket.end("a".repeat(20_000)));
    await expect(collect(runLines(server.endpoint, SHOW))).rejects.toThrow(
      /sent a line that does not end in its answer to "show info"$/,
    );
  });
});

test("after a reload another worker is asked", async () => {
  await using server = await ScriptedServer.start((socket, line, connection) => {
    if (line.startsWith("@master")) socket.end("Success=1\n--\n[NOTICE] x\n\n");
    else socket.write(line === "prompt i" ? "\n" : `worker ${connection}\n\n`);
  });
  using haproxy = haproxyAt(server);
  expect(await haproxy.run([SHOW])).toEqual(["worker 1"]);
  await reload(haproxy);
  expect(await haproxy.run([SHOW])).toEqual(["worker 3"]);
});

describe("a certificate that is changed", () => {
  const block = (label: string) => `-----BEGIN ${label}-----\nMAAA\n-----END ${label}-----\n`;
  const PEM = (block("CERTIFICATE") + block("PRIVATE KEY")) as Pem;
  const change = async (committed: string): Promise<string[]> => {
    await using server = await ScriptedServer.start((socket, line) => {
      if (line.startsWith("set ssl cert")) socket.end("Transaction created for certificate /a!\n\n");
      else if (line.startsWith("commit ssl cert")) socket.end(committed);
      else if (line === "prompt i") socket.write("\n");
      else if (line.startsWith("abort")) socket.write("Transaction aborted for certificate '/a'!\n\n");
    });
    using haproxy = haproxyAt(server);
    try {
      await changeRunningCertificate(haproxy, "/a", PEM);
    } catch (error) {
      return [...server.lines.filter((line) => /ssl cert/.test(line)), String(error)];
    }
    return server.lines.filter((line) => /ssl cert/.test(line));
  };

  test("is set and committed", async () => {
    expect(await change("Committing /a.\nSuccess!\n\n")).toEqual([
      "set ssl cert /a <<",
      "commit ssl cert /a",
    ]);
  });

  test("is taken back where it is not committed, with HAProxy's words", async () => {
    const [, , abort, error] = await change("Committing /a.\nError: no\nCan't commit\n\n");
    expect(abort).toBe("abort ssl cert /a");
    expect(error).toMatch(/refused to commit the certificate: Committing \/a\. Error: no Can't commit$/);
  });
});
