import { describe, expect, test } from "vitest";
import { checksOf, isConsistent } from "../../../src/probe/checks.ts";
import { compareMappings } from "../../../src/probe/comparison.ts";
import { findingsOf } from "../../../src/probe/findings.ts";
import type { ProbeResult } from "../../../src/probe/probe-run.ts";
import { mappingOf } from "./mappings.ts";
import { resultOf } from "./results.ts";

const NONE = findingsOf([]);
const through = "http://127.0.0.1:8080";
const compared = (earlier: Parameters<typeof mappingOf>, later: Parameters<typeof mappingOf>) =>
  compareMappings(mappingOf(...earlier), mappingOf(...later));

const checkNamed = (name: string, changes: Partial<ProbeResult>) => {
  const result = resultOf(changes);
  const check = checksOf(result).find((found) => found.name === name);
  return { ...check, isConsistent: isConsistent(result) };
};

describe("a probe has passed", () => {
  test.each<{ name: string; changes: Partial<ProbeResult>; text: string }>([
    { name: "sessions", changes: {}, text: "each of 4 sessions sent 2 times: always the same server" },
    {
      name: "sessions",
      changes: { rounds: ["http://a", "http://b", "http://a"] },
      text: "each of 4 sessions sent 3 times through 2 balancers: always the same server",
    },
    { name: "cookies", changes: {}, text: "none of 10 clients given one; hash mode sets none" },
    {
      name: "cookies",
      changes: { mode: "sticky", cookieClients: { clients: 10, withCookie: 10, changes: NONE } },
      text: "10 clients, 4 requests each with their cookie: always the same server",
    },
    { name: "WebSockets", changes: {}, text: "3, each on the server of its session, each message came back" },
    {
      name: "comparison",
      changes: {
        comparison: compared(
          [
            ["s1", "s2"],
            ["s1", "s1", "s2", "s2"],
          ],
          [["s1"], ["s1", "s1", "s1", "s1"]],
        ),
      },
      text: "2 sessions (50.0 %) moved since 2026-11-24 11:57:50 UTC, ideal 50.0 %; servers: − s2",
    },
  ])("with $name: $text", ({ name, changes, text }) => {
    expect(checkNamed(name, changes)).toEqual({
      name,
      hasPassed: true,
      text,
      details: [],
      isConsistent: true,
    });
  });
});

describe("a probe has failed", () => {
  test.each<{ name: string; changes: Partial<ProbeResult>; text: string; details: string[] }>([
    {
      name: "sessions",
      changes: { differences: findingsOf([{ session: "abc", first: "s1", later: "s2", through }]) },
      text: "1 of 8 requests answered by another server than the session's first",
      details: [`abc: s1, then s2 through ${through}`],
    },
    {
      name: "cookies",
      changes: { cookieClients: { clients: 10, withCookie: 3, changes: NONE } },
      text: "3 of 10 clients given one; hash mode sets none",
      details: [],
    },
    {
      name: "cookies",
      changes: {
        mode: "sticky",
        cookieClients: {
          clients: 10,
          withCookie: 9,
          changes: findingsOf([{ client: 4, first: "s1", later: "s2", through }]),
        },
      },
      text:
        "1 of 10 clients given no cookie; " +
        "1 request with a cookie answered by another server than the one that gave it",
      details: [`client 4: s1, then s2 through ${through}`],
    },
    {
      name: "WebSockets",
      changes: {
        webSockets: {
          sockets: 3,
          changes: findingsOf([{ session: "abc", first: "s1", later: "s2", through }]),
          failures: findingsOf(["no answer"]),
        },
      },
      text:
        "1 of 3 on another server than the requests of their session; " +
        "1 of 3 failed (--websocket-path names another path, --websockets 0 leaves them out)",
      details: [`abc: requests s1, WebSocket s2 through ${through}`, "no answer"],
    },
    {
      name: "comparison",
      changes: {
        comparison: compared(
          [
            ["s1", "s2"],
            ["s1", "s2"],
          ],
          [
            ["s1", "s2", "s3"],
            ["s3", "s1"],
          ],
        ),
      },
      text:
        "2 sessions (100.0 %) moved since 2026-11-24 11:57:50 UTC, ideal 33.3 %; servers: + s3; " +
        "1 move not explained by that",
      details: ["d6b5915c-4605-8bcb-805f-46f6433df656: s2 → s1"],
    },
  ])("with $name: $text", ({ name, changes, text, details }) => {
    expect(checkNamed(name, changes)).toEqual({ name, hasPassed: false, text, details, isConsistent: false });
  });

  test("in sticky mode with a hint that the stick table may have forgotten", () => {
    const comparison = compared([["s1", "s2"], ["s1"]], [["s1", "s2"], ["s2"]]);
    expect(checkNamed("comparison", { mode: "sticky", comparison }).text).toMatch(
      /1 move not explained by that; the stick table forgets/,
    );
  });

  test("and lists a part of many findings", () => {
    const differences = findingsOf(
      Array.from({ length: 1_234 }, () => ({ session: "abc", first: "s1", later: "s2", through })),
    );
    const { details } = checkNamed("sessions", { differences });
    expect(details).toHaveLength(11);
    expect(details?.at(-1)).toBe("… and 1,224 more");
  });
});

test("what is left out is not among the checks", () => {
  const changes = {
    cookieClients: { clients: 0, withCookie: 0, changes: NONE },
    webSockets: { sockets: 0, changes: NONE, failures: NONE },
  };
  expect(checksOf(resultOf(changes)).map(({ name }) => name)).toEqual(["sessions"]);
});
