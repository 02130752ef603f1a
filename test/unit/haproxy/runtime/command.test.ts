import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  COMMANDS,
  command,
  commandLine,
  linesWithSeverity,
  serverPath,
  tellCommand,
} from "../../../../src/haproxy/runtime/command.ts";
import { RuntimeError } from "../../../../src/haproxy/runtime/runtime-error.ts";
import type { Pem } from "../../../../src/tls/certificate.ts";

const refused = expect.objectContaining({ name: "RuntimeError", kind: "refused" });

/** Mostly what a command may have, with a few characters of any kind. */
const text = fc.string({
  unit: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(..."abc <>/:.-_@{}0129") },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 0x2fff }).map((code) => String.fromCharCode(code)) },
  ),
});

describe("the one door for command lines", () => {
  test.each([
    ["nothing", ""],
    ["a newline", "show info\nshow stat"],
    ["a trailing newline", "show info\n"],
    ["a carriage return", "show info\r"],
    ["a tab", "show\tinfo"],
    ["a NUL", "show info\0"],
    ["DEL", "show info\x7f"],
    ["a semicolon", "show info;shutdown sessions server webservers/s1"],
    ["a backslash", "show info\\"],
    ["a payload", "set ssl cert x <<"],
    ["a letter beyond ASCII", "show servers state wébservers"],
    ["a line separator beyond ASCII", "show info\u2028"],
  ])("refuses %s", (_what, line) => {
    expect(() => command(line)).toThrow(refused);
  });

  test("refuses control characters, ';', '\\', '<<' and all beyond ASCII, and passes the rest", () => {
    fc.assert(
      fc.property(text, (line) => {
        const isPlain =
          line !== "" &&
          [...line].every((char) => char >= " " && char <= "~" && char !== ";" && char !== "\\") &&
          !line.includes("<<");
        if (isPlain) expect(command(line)).toBe(line);
        else expect(() => command(line)).toThrow(refused);
      }),
      { numRuns: 1000 },
    );
  });

  test("says which line it refuses, with control characters made visible", () => {
    expect(() => command("a\nb")).toThrow('"a\\nb" is not one runtime command');
  });
});

describe("a server's path", () => {
  test("is backend and name", () => {
    expect(serverPath("webservers", "s1")).toBe("webservers/s1");
    expect(serverPath("be_1", "blue.s-1:x")).toBe("be_1/blue.s-1:x");
  });

  test.each([
    "",
    " ",
    "s 1",
    "s1 state maint",
    "s1;quit",
    "s1\nquit",
    "a/b",
    "s1*",
    "s\\1",
    "sé",
    "s1'",
    "#s1",
    "<<",
  ])("never has the name %j", (name) => {
    expect(() => serverPath("webservers", name)).toThrow(refused);
    expect(() => serverPath(name, "s1")).toThrow(refused);
  });

  test("is made of any HAProxy name, and of no other text", () => {
    fc.assert(
      fc.property(text, (name) => {
        const isName =
          name !== "" && [...name].every((char) => /[A-Za-z0-9]/.test(char) || "_.:-".includes(char));
        if (isName) expect(serverPath("webservers", name)).toBe(`webservers/${name}`);
        else expect(() => serverPath("webservers", name)).toThrow(RuntimeError);
      }),
      { numRuns: 500 },
    );
  });
});

describe("every command is spelled as HAProxy reads it", () => {
  const server = serverPath("webservers", "s4");

  test.each([
    [COMMANDS.prompt(), "prompt i"],
    [COMMANDS.showServersState("webservers"), "show servers state webservers"],
    [COMMANDS.showServersConn("webservers"), "show servers conn webservers"],
    [COMMANDS.showServerStats("webservers"), "show stat webservers 4 -1"],
    [COMMANDS.showEnv("BALANCER_REVISION"), "show env BALANCER_REVISION"],
    [COMMANDS.showInfo(), "show info"],
    [COMMANDS.showTable("webservers"), "show table webservers"],
    [COMMANDS.showTableKey("webservers", "abc-1.2_3:4"), "show table webservers key abc-1.2_3:4"],
    [
      COMMANDS.showTableKey("webservers", "a b;c\\d#e<<f=g"),
      "show table webservers key a\\ b\\;c\\\\d\\#e\\<\\<f\\=g",
    ],
    [COMMANDS.showTableKey("webservers", "žluť\t\u001b"), "show table webservers key žluť\\\t\\\u001b"],
    [COMMANDS.setTableServer("webservers", "a b", 3), "set table webservers key a\\ b data.server_id 3"],
    [
      COMMANDS.addServer(server, "172.28.10.14:9898 id 4"),
      "add server webservers/s4 172.28.10.14:9898 id 4 init-state down",
    ],
    [COMMANDS.deleteServer(server), "del server webservers/s4"],
    [COMMANDS.enableHealth(server), "enable health webservers/s4"],
    [COMMANDS.setState(server, "ready"), "set server webservers/s4 state ready"],
    [COMMANDS.setState(server, "drain"), "set server webservers/s4 state drain"],
    [COMMANDS.setState(server, "maint"), "set server webservers/s4 state maint"],
    [COMMANDS.setHealthDown(server), "set server webservers/s4 health down"],
    [COMMANDS.setHealthUp(server), "set server webservers/s4 health up"],
    [COMMANDS.disableHealth(server), "disable health webservers/s4"],
    [COMMANDS.setWeight(server, 100), "set server webservers/s4 weight 100"],
    [
      COMMANDS.setAddress(server, "172.28.10.14", 9898),
      "set server webservers/s4 addr 172.28.10.14 port 9898",
    ],
    [COMMANDS.shutdownSessions(server), "shutdown sessions server webservers/s4"],
    [COMMANDS.waitRemovable(server, 50), "wait 50ms srv-removable webservers/s4"],
    [COMMANDS.addCheck("s4", "/a?b=c;d"), "add map virt@ready s4 \\/a\\?b\\=c\\;d"],
    [COMMANDS.deleteCheck("s4"), "del map virt@ready s4"],
    [COMMANDS.showChecks(), "show map virt@ready"],
    [COMMANDS.masterReload(), "@master reload"],
    [COMMANDS.masterShowProc(), "@master show proc"],
  ])("%s", (line, expected) => {
    expect(line).toBe(expected);
  });

  test.each([
    ["a backend to read", () => COMMANDS.showServersState("web servers")],
    ["a backend to count", () => COMMANDS.showServersConn("web;servers")],
    ["a backend to describe", () => COMMANDS.showServerStats("")],
    ["a variable", () => COMMANDS.showEnv("A B")],
    ["arguments with a second command", () => COMMANDS.addServer(server, "1.2.3.4:80; quit")],
    ["an address that is a name", () => COMMANDS.setAddress(server, "localhost", 80)],
    ["an address with words after it", () => COMMANDS.setAddress(server, "1.2.3.4 port 1", 80)],
    ["a delay that is not whole", () => COMMANDS.waitRemovable(server, 0.5)],
    ["a table with a second command", () => COMMANDS.showTable("web;servers")],
    ["no key", () => COMMANDS.showTableKey("webservers", "")],
    ["a key of two lines", () => COMMANDS.showTableKey("webservers", "a\nclear table webservers")],
    ["a path for a server that is none", () => COMMANDS.addCheck("s4 /x", "/readyz")],
    ["a path of two lines", () => COMMANDS.addCheck("s4", "/\nshow info")],
    ["no path", () => COMMANDS.addCheck("s4", "")],
    ["a server's id below zero", () => COMMANDS.setTableServer("webservers", "a", -1)],
    ["a delay below zero", () => COMMANDS.waitRemovable(server, -1)],
  ])("and not built from %s", (_what, build) => {
    expect(build).toThrow(refused);
  });
});

describe("a line of the user's own", () => {
  test.each([
    "show info",
    "show info; show stat",
    "@master show proc",
    "echo a\\;b",
    "echo \\\\",
    "show table webservers key žluť",
    "echo a<<b",
  ])("passes as it is: %j", (line) => {
    expect(commandLine(line)).toBe(line);
  });

  test.each([
    ["nothing", " "],
    ["a newline", "show info\nshow stat"],
    ["a carriage return", "show info\r"],
    ["an escape character", "echo \u001b[2J"],
    ["a control character beyond ASCII", "echo \u009b2J"],
    ["a line separator beyond ASCII", "echo \u2028"],
    ["a payload", "set ssl cert x <<"],
    ["a payload with its own end", "set ssl cert x <<EOF"],
    ["a payload in place of a command", "show info;<<"],
    ["an escaped end of line", "echo a\\"],
    ["an escaped end of line after a backslash", "echo a\\\\\\"],
    ["more than HAProxy reads", `echo ${"ž".repeat(8_000)}`],
  ])("is refused with %s", (_what, line) => {
    expect(() => commandLine(line)).toThrow(refused);
  });

  const sent = (line: string) =>
    linesWithSeverity(commandLine(line)).map((item) => [item.line, item.hasSeverity]);

  test.each([
    { line: "show info; bogus", lines: [["set severity-output number;show info; bogus;quit", true]] },
    { line: " echo a\\ ", lines: [["set severity-output number;echo a\\ ;quit", true]] },
    { line: "@master show proc", lines: [["@master show proc", false]] },
    { line: " @ show proc", lines: [["@master show proc", false]] },
    { line: "@1 show info", lines: [["@@1 set severity-output number;show info", true]] },
    { line: "@!42 show info", lines: [["@@!42 set severity-output number;show info", true]] },
    {
      line: "@@1 show info; show stat",
      lines: [["@@1 set severity-output number;show info; show stat", true]],
    },
    {
      line: "@1 show info; show proc",
      lines: [
        ["@@1 set severity-output number;show info", true],
        ["@master show proc", false],
      ],
    },
    {
      line: "@1; echo a\\;b; @master; show proc",
      lines: [
        ["@@1 set severity-output number;echo a\\;b", true],
        ["@master show proc", false],
      ],
    },
  ])("asks for severities where they are known: $line", ({ line, lines }) => {
    expect(sent(line)).toEqual(lines);
  });
});

describe("a certificate's command", () => {
  const FILE = "/usr/local/etc/haproxy/https.pem";
  const block = (label: string) => `-----BEGIN ${label}-----\nMAAA\n-----END ${label}-----\n`;
  const PEM = (block("CERTIFICATE") + block("PRIVATE KEY")) as Pem;

  test("has the checked PEM as its payload, and an empty line after it once it is sent", () => {
    expect(`${COMMANDS.setCertificate(FILE, PEM)}\n`).toBe(`set ssl cert ${FILE} <<\n${PEM}\n`);
    expect([
      COMMANDS.commitCertificate(FILE),
      COMMANDS.abortCertificate(FILE),
      COMMANDS.showCertificate(FILE),
    ]).toEqual([`commit ssl cert ${FILE}`, `abort ssl cert ${FILE}`, `show ssl cert ${FILE}`]);
  });

  test.each([
    ["", "nothing"],
    [`${PEM}\nshow info\n`, "an empty line and a command"],
    [`${PEM}show info\n`, "another line"],
    [PEM.replaceAll("\n", "\r\n"), "carriage returns"],
  ])("is refused when the payload is %j, without telling it", (payload) => {
    const build = () => COMMANDS.setCertificate(FILE, payload as Pem);
    expect(build).toThrow(refused);
    expect(build).not.toThrow(/MAAA/);
  });

  test.each(["https.pem", "/a b", "/a\nb", "/a;b", "", "/", "/a//b", "/a <<"])(
    "is refused for the file %j",
    (file) => {
      for (const build of [COMMANDS.showCertificate, COMMANDS.commitCertificate, COMMANDS.abortCertificate])
        expect(() => build(file)).toThrow(refused);
      expect(() => COMMANDS.setCertificate(file, PEM)).toThrow(refused);
    },
  );

  test("is told without its payload", () => {
    expect(tellCommand(COMMANDS.setCertificate(FILE, PEM))).toBe(`set ssl cert ${FILE}`);
    expect(tellCommand(COMMANDS.showInfo())).toBe("show info");
  });
});
