import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkComparable, formatMapping, parseMapping } from "../../../src/probe/mapping.ts";
import { sessionIds } from "../../../src/probe/session-ids.ts";
import { mappingOf } from "./mappings.ts";

const MAPPING = mappingOf(["s1", "s2"], ["s1", "s2", "s1"]);
const FILE = JSON.parse(formatMapping(MAPPING));

describe("the file of a mapping", () => {
  test("says what it is, and has a server for each session", () => {
    const [first = "", second = "", third = ""] = sessionIds(1, 3);
    expect(FILE).toEqual({
      format: "balancer-probe",
      version: 1,
      createdAt: "2026-11-24T11:57:50.970Z",
      stack: "hash",
      mode: "hash",
      seed: 1,
      sessions: 3,
      servers: ["s1", "s2"],
      mapping: { [first]: "s1", [second]: "s2", [third]: "s1" },
    });
  });

  test("is read back as it was", () => {
    const servers = ["s1", "s2", "s10"];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...servers), { minLength: 1, maxLength: 30 }), (homes) => {
        const mapping = mappingOf(servers, homes, { mode: "sticky", stack: "another-stack" });
        expect(parseMapping(formatMapping(mapping))).toMatchObject({ ...mapping, homes: mapping.homes });
        expect([...parseMapping(formatMapping(mapping)).homes]).toEqual([...mapping.homes]);
      }),
    );
  });

  test.each([
    { what: "no JSON", text: "s1 s2", message: /^it is not JSON$/ },
    { what: "nothing", text: "", message: /^it is not JSON$/ },
    { what: "a list", text: "[]", message: /expected object/ },
    {
      what: "another format",
      text: JSON.stringify({ ...FILE, format: "plan" }),
      message: /^format: .*"balancer-probe"/,
    },
    {
      what: "another version",
      text: JSON.stringify({ ...FILE, version: 2 }),
      message: /^version: .*expected 1/,
    },
    { what: "an unknown key", text: JSON.stringify({ ...FILE, more: 1 }), message: /"more"/ },
    {
      what: "a control character",
      text: JSON.stringify({ ...FILE, "\u001b[2J": 1 }),
      message: /^Unrecognized key: "\?\[2J"$/,
    },
    {
      what: "a stack's name that is none",
      text: JSON.stringify({ ...FILE, stack: "\u001b[2J" }),
      message: /^stack: /,
    },
    {
      what: "too many sessions",
      text: JSON.stringify({ ...FILE, sessions: 100_001 }),
      message: /^sessions: .*100000/,
    },
    {
      what: "sessions of another seed",
      text: JSON.stringify({ ...FILE, seed: 2 }),
      message: /^mapping: not the 3 sessions of seed 2$/,
    },
    {
      what: "fewer sessions than it says",
      text: JSON.stringify({ ...FILE, sessions: 4 }),
      message: /^mapping: not the 4 sessions of seed 1$/,
    },
    {
      what: "a server that it does not list",
      text: JSON.stringify({ ...FILE, servers: ["s1"] }),
      message: /^mapping: s2 is not among the servers$/,
    },
    {
      what: "a server's name that is none",
      text: JSON.stringify({ ...FILE, servers: ["s1", "s2", "<b>"] }),
      message: /^servers\.2: /,
    },
    {
      what: "a time that is none",
      text: JSON.stringify({ ...FILE, createdAt: "yesterday" }),
      message: /^createdAt: /,
    },
  ])("is refused when it holds $what", ({ text, message }) => {
    expect(() => parseMapping(text)).toThrow(message);
  });

  test("is refused in a few words when everything in it is wrong", () => {
    const mapping = Object.fromEntries(sessionIds(1, 1_000).map((id) => [id, "<NOSRV>"]));
    expect(() => parseMapping(JSON.stringify({ ...FILE, mapping }))).toThrow(/^.{1,1000}$/);
  });
});

describe("a mapping", () => {
  test("is comparable with a probe of the same sessions, stack and mode, whatever its servers", () => {
    expect(() => checkComparable(MAPPING, mappingOf(["s3"], ["s3", "s3", "s3"]))).not.toThrow();
  });

  test("that is not comparable tells everything that differs, and the option", () => {
    const now = { stack: "sticky", mode: "sticky", seed: 2, sessions: 5 } as const;
    expect(() => checkComparable(MAPPING, now)).toThrow(
      "it cannot be compared with this probe: seed 1, not 2 (--seed 1); 3 sessions, not 5 (--sessions 3); " +
        "stack hash, not sticky (--stack hash); mode hash, and the stack is in mode sticky",
    );
  });
});
