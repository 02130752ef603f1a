import { describe, expect, test } from "vitest";
import { parseCheckValues } from "../../../../src/haproxy/runtime/check-values.ts";
import {
  parseServerStats,
  parseServersConn,
  parseServersState,
  type RunningServer,
  type ServerStats,
  stateFileOf,
} from "../../../../src/haproxy/runtime/state.ts";
import { named } from "../../../harness/named.ts";
import { RECORDED } from "./recorded.ts";

const HEADER = RECORDED.serversState.split("\n").slice(0, 2).join("\n");
const stateOf = (line: string): RunningServer | undefined => parseServersState(`${HEADER}\n${line}\n`)[0];
const firstLine = (text: string): string => text.split("\n")[0] ?? "";

describe("the answer of `show servers state`", () => {
  const servers = new Map(parseServersState(RECORDED.serversState).map((server) => [server.name, server]));

  test("lists every server, in HAProxy's order", () => {
    expect([...servers.keys()]).toEqual(["s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8"]);
    expect([...servers.values()].map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  const at = { address: "172.28.177.1", port: 18100, weight: 100 };
  test.each(
    named<{ what: string; name: string; expected: Partial<RunningServer> }>([
      {
        what: "up and checked",
        name: "s1",
        expected: { ...at, adminState: "ready", isUp: true, isChecked: true, hasPassed: true },
      },
      {
        what: "down after a failed check",
        name: "s2",
        expected: { ...at, port: 18099, adminState: "ready", isUp: false, isChecked: true, hasPassed: false },
      },
      {
        what: "in drain, with a check under way",
        name: "s3",
        expected: { ...at, adminState: "drain", weight: 20, isUp: true, isChecked: true, hasPassed: false },
      },
      {
        what: "in maintenance, with its check paused",
        name: "s4",
        expected: { ...at, adminState: "maint", isUp: false, isChecked: true },
      },
      {
        what: "waiting for its first check",
        name: "s5",
        expected: { ...at, adminState: "ready", isUp: false, isChecked: true, hasPassed: false },
      },
      {
        what: "added by a host name, and without an address",
        name: "s6",
        expected: { address: "-", port: 8081, isUp: true, hasPassed: false },
      },
      {
        what: "up without a check",
        name: "s7",
        expected: { ...at, adminState: "ready", isUp: true, isChecked: false, hasPassed: false },
      },
      {
        what: "added and nothing else",
        name: "s8",
        expected: { ...at, adminState: "maint", isUp: false, isChecked: false, hasPassed: false },
      },
    ]),
  )("has $name %s", (_what, { name, expected }) => {
    expect(servers.get(name)).toMatchObject(expected);
  });

  test.each([
    [0, "ready"],
    [1, "maint"],
    [2, "maint"],
    [4, "maint"],
    [5, "maint"],
    [8, "drain"],
    [9, "maint"],
    [16, "drain"],
    [24, "drain"],
    [28, "maint"],
    [32, "ready"],
    [64, "ready"],
  ])("with admin bits %i means %s", (bits, adminState) => {
    expect(
      stateOf(`5 webservers 1 s1 10.0.0.1 2 ${bits} 100 100 1 15 3 2 6 0 0 1 - 80 - 0 0 - - 0`)?.adminState,
    ).toBe(adminState);
  });

  test.each([
    [0, false],
    [2, false],
    [3, false],
    [6, true],
    [7, true],
    [14, true],
  ])("with check bits %i is checked: %s", (bits, isChecked) => {
    expect(
      stateOf(`5 webservers 1 s1 10.0.0.1 2 0 100 100 1 15 3 2 ${bits} 0 0 1 - 80 - 0 0 - - 0`)?.isChecked,
    ).toBe(isChecked);
  });

  /** A server that follows a name, as HAProxy 3.2.26 has it. */
  const following = (fqdn: string, { address = "10.1.0.4", bits = 0, check = 6, op = 2 } = {}) =>
    stateOf(
      `5 webservers 4 s4 ${address} ${op} ${bits} 100 100 1 15 3 2 ${check} 0 0 1 ${fqdn} 80 - 0 0 - - 0`,
    );

  test.each([
    [0, "ready"],
    [1, "maint"],
    [2, "maint"],
    [4, "ready"],
    [5, "maint"],
    [8, "drain"],
    [12, "drain"],
    [13, "maint"],
    [20, "drain"],
    [32, "ready"],
    [36, "ready"],
    [37, "maint"],
    [40, "drain"],
  ])("with admin bits %i of a slot means %s: what the file began with counts no more", (bits, adminState) => {
    expect(following("demo-podinfo4", { bits })?.adminState).toBe(adminState);
  });

  test.each([
    ["demo-podinfo4", true],
    ["my-stack.x_1-podinfo256", true],
    ["demo-standin", true],
    ["-", false],
    ["localhost", false],
    ["demo-podinfo0", false],
    ["demo-podinfo4.test", false],
    ["podinfo4", false],
    ["standin", false],
  ])("takes a server that follows %s for a slot: %s", (fqdn, isSlot) => {
    const server = following(fqdn);
    expect(server?.isSlot).toBe(isSlot ? true : undefined);
    expect(server).toMatchObject({ name: "s4", id: 4, address: "10.1.0.4", port: 80, isMendable: true });
  });

  test.each(["-", "0.0.0.0"])(
    "has no address of a slot where it says %s, and can mend it even so",
    (address) => {
      const empty = following("demo-podinfo4", { address, bits: 37, op: 0 });
      expect(empty).toMatchObject({ address: "-", isMendable: true, isUp: false });
      expect(following("demo-podinfo4", { address, check: 0 })?.isMendable).toBe(false);
    },
  );

  test("leaves 0.0.0.0 of any other server as it is, and mends none without an address", () => {
    expect(following("-", { address: "0.0.0.0" })).toMatchObject({ address: "0.0.0.0", isMendable: true });
    expect(following("localhost", { address: "-" })).toMatchObject({ address: "-", isMendable: false });
  });

  test("is read by the header's names, not by position", () => {
    const reply =
      "1\n# srv_name srv_port srv_addr srv_id srv_op_state srv_admin_state srv_uweight srv_check_state srv_check_result\ns9 81 10.0.0.9 9 2 0 50 6 3\n";
    expect(parseServersState(reply)).toMatchObject([
      {
        name: "s9",
        id: 9,
        address: "10.0.0.9",
        port: 81,
        adminState: "ready",
        isUp: true,
        weight: 50,
        isChecked: true,
        hasPassed: true,
      },
    ]);
  });

  test("goes to the next worker as it is, but for results that are not its own", () => {
    const [before, after] = [RECORDED.serversState, stateFileOf(RECORDED.serversState)];
    const [old, kept] = [parseServersState(before), parseServersState(after)];
    expect(old.some(({ hasPassed }) => hasPassed)).toBe(true);
    expect(kept).toEqual(old.map((server) => ({ ...server, hasPassed: false })));
    expect(after).toMatch(/^1\n# (.+\n)+$/); // HAProxy ignores a file without an end
    expect(
      after
        .trim()
        .split("\n")
        .map((line) => line.split(" ").length),
    ).toEqual(
      before
        .trim()
        .split("\n")
        .map((line) => line.split(" ").length),
    );
  });

  test("of a backend without servers lists none", () => {
    expect(parseServersState(`${HEADER}\n`)).toEqual([]);
  });
});

describe("the answer of `show stat`", () => {
  const stats = new Map(parseServerStats(RECORDED.stat).map((server) => [server.name, server]));

  test.each<Partial<ServerStats> & { name: string }>([
    {
      name: "s1",
      status: "UP",
      checkStatus: "L7OK",
      checkDescription: "Layer7 check passed",
      checkCode: 200,
      checkDurationMs: 106,
      cookie: "s1",
      currentSessions: 2,
      totalSessions: 2,
    },
    {
      name: "s2",
      status: "DOWN",
      checkStatus: "L7STS",
      checkDescription: 'Layer7 wrong status: Nope, "not" ready',
      checkCode: 503,
      checkDurationMs: 0,
      cookie: "s2",
      currentSessions: 0,
    },
    {
      name: "s3",
      status: "DRAIN",
      checkStatus: "L7OK",
      checkCode: undefined, // while a check runs
      checkDurationMs: 102,
      cookie: "s3",
      currentSessions: 1,
      totalSessions: 1,
    },
    {
      name: "s4",
      status: "MAINT",
      checkStatus: "",
      checkDescription: "",
      checkDurationMs: undefined,
      cookie: "s4",
    },
    { name: "s5", status: "DOWN", checkStatus: "INI", checkDescription: "Initializing", cookie: "s5" },
    { name: "s6", status: "UP 1/3", checkStatus: "INI", cookie: "s6" },
    { name: "s7", status: "no check", checkStatus: "", cookie: "", currentSessions: 0, totalSessions: 0 },
    { name: "s8", status: "MAINT", cookie: "s8" },
  ])("has $name as $status", (expected) => {
    expect(stats.get(expected.name)).toMatchObject(expected);
  });

  test("lists servers alone, and none for a backend without any", () => {
    expect(stats.size).toBe(8);
    expect(parseServerStats(`${firstLine(RECORDED.stat)}\n`)).toEqual([]);
  });
});

describe("the answer of `show map`", () => {
  const parsed = (reply: string) => [...parseCheckValues(reply)];

  test("has the path of each server, and the first of twins", () => {
    expect(
      parsed("0x7fa09cd44f40 s1 /x,y?a=%20&b+~@:\n0x7fa09d0780e0 s1 /twin\n0x7fa09d0781e0 s2 /z\n"),
    ).toEqual([
      ["s1", "/x,y?a=%20&b+~@:"],
      ["s2", "/z"],
    ]);
  });

  test("has none where there is none, or no such map", () => {
    expect([parsed(""), parsed("Unknown map identifier. Please use #<id> or <file>.\n")]).toEqual([[], []]);
  });

  test("has nothing that a terminal would carry out", () => {
    expect(parsed("0x7fa09cd44f40 s1 a b\u001b[2J")).toEqual([["s1", "a?b?[2J"]]);
  });

  test("is refused when it is anything else", () => {
    expect(() => parseCheckValues("Permission denied")).toThrow(
      'HAProxy answered "show map" with "Permission denied"',
    );
  });
});

describe("the answer of `show servers conn`", () => {
  test("counts the connections that carry a request", () => {
    expect(Object.fromEntries(parseServersConn(RECORDED.serversConn))).toEqual({
      s1: 2,
      s2: 0,
      s3: 1,
      s4: 0,
      s5: 0,
      s6: 0,
      s7: 0,
      s8: 0,
    });
  });

  test("of a backend without servers counts nothing", () => {
    expect(parseServersConn(`${firstLine(RECORDED.serversConn)}\n`).size).toBe(0);
  });
});

const PARSERS = [
  { command: "show servers state", parse: parseServersState, recorded: RECORDED.serversState },
  { command: "show servers conn", parse: parseServersConn, recorded: RECORDED.serversConn },
  { command: "show stat", parse: parseServerStats, recorded: RECORDED.stat },
] as const;

describe.each(PARSERS)("what is no answer of `$command`", ({ command, parse, recorded }) => {
  const malformed = (words: string) =>
    expect.objectContaining({
      name: "RuntimeError",
      kind: "malformed",
      message: expect.stringContaining(words),
    });

  test.each([
    "Can't find backend.",
    "No such proxy.",
    "Permission denied",
    "Unknown command: 'show', but maybe one of the following ones is a better match:\n  help [<command>]",
    "HTTP/1.1 400 Bad Request\r\nconnection: close\r",
    "New server registered.",
  ])("is refused in HAProxy's words: %s", (words) => {
    expect(() => parse(`${words}\n`)).toThrow(malformed(JSON.stringify(words.trim())));
    expect(() => parse(words)).toThrow(malformed(`HAProxy answered "${command}" with`));
  });

  test("is refused when there is nothing", () => {
    expect(() => parse("")).toThrow(malformed('""'));
    expect(() => parse("\n")).toThrow(malformed('""'));
  });

  test("is refused when a line is cut short, with that line", () => {
    const lines = recorded.trimEnd().split("\n");
    const cut = lines.at(-1)?.slice(0, 12) ?? "";
    expect(() => parse([...lines.slice(0, -1), cut].join("\n"))).toThrow(malformed(cut));
  });

  test("is quoted in part when it is long", () => {
    let message = "";
    try {
      parse("x".repeat(100_000));
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain("xxx");
    expect(message.length).toBeLessThan(500);
  });
});

test.each([
  [
    "a word where a number belongs",
    "5 webservers x s1 10.0.0.1 2 0 100 100 1 15 3 2 6 0 0 1 - 80 - 0 0 - - 0",
  ],
  [
    "a fraction where a port belongs",
    "5 webservers 1 s1 10.0.0.1 2 0 100 100 1 15 3 2 6 0 0 1 - 8.5 - 0 0 - - 0",
  ],
  [
    "a word where admin bits belong",
    "5 webservers 1 s1 10.0.0.1 2 up 100 100 1 15 3 2 6 0 0 1 - 80 - 0 0 - - 0",
  ],
])("a server's state with %s is refused", (_what, line) => {
  expect(() => stateOf(line)).toThrow(
    expect.objectContaining({ kind: "malformed", message: expect.stringContaining(line) }),
  );
});
