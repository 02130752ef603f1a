import { describe, expect, test } from "vitest";
import type { SoakEvent } from "../../../bench/soak/events.ts";
import { type Change, costOf, type Seen, toldEnds } from "../../../bench/soak/explain.ts";

const NOTHING: Seen = { sent: 0, failures: [], opened: 0, losses: [], compared: 0, moves: [] };
const DRAWN = { pauseMs: 0, count: 3, mode: "sticky" } as const;

const change = (event: SoakEvent, more: Partial<Change> = {}): Change => ({
  event,
  start: 1_000,
  end: 2_000,
  outage: undefined,
  told: new Map(),
  ...more,
});
const lost = (server: string, lostAt: number) => ({ id: "socket-1", server, openedAt: 0, lostAt });

describe("a request that failed", () => {
  const OUTAGE = { start: 1_100, end: 1_400 };
  test.each([
    { what: "ended before the kill", sentAt: 1_050, failedAt: 1_099, isExpected: false },
    { what: "was under way at the kill", sentAt: 1_050, failedAt: 1_150, isExpected: true },
    { what: "was sent while HAProxy was away", sentAt: 1_390, failedAt: 1_450, isExpected: true },
    { what: "was sent after HAProxy answered again", sentAt: 1_401, failedAt: 1_450, isExpected: false },
  ])("and $what", ({ sentAt, failedAt, isExpected }) => {
    const failures = [{ client: "client 1", sentAt, failedAt, cause: "connection reset" }];
    const cost = costOf(
      { ...NOTHING, failures },
      change({ kind: "haproxy-kill", ...DRAWN }, { outage: OUTAGE }),
      [OUTAGE],
    );
    const one = { "connection reset": 1 };
    expect([cost.failedInOutages, cost.failedOtherwise]).toEqual(isExpected ? [one, {}] : [{}, one]);
    expect(cost.problems).toHaveLength(isExpected ? 0 : 1);
  });
});

describe("a WebSocket that was lost", () => {
  const KILL = change({ kind: "haproxy-kill", ...DRAWN }, { outage: { start: 1_100, end: 1_400 } });
  const CRASH = change({ kind: "app-crash", server: "s2", ...DRAWN });
  const SCALE = change({ kind: "scale", from: 4, ...DRAWN }, { told: new Map([["s4", 1]]) });
  test.each([
    { what: "when HAProxy was killed", of: KILL, loss: lost("s1", 1_110), cause: "HAProxy killed" },
    { what: "after HAProxy answered again", of: KILL, loss: lost("s1", 1_500), cause: "unexpected" },
    { what: "on the server that crashed", of: CRASH, loss: lost("s2", 1_110), cause: "app crashed" },
    {
      what: "on another server than the one that crashed",
      of: CRASH,
      loss: lost("s1", 1_110),
      cause: "unexpected",
    },
    { what: "before the crash", of: CRASH, loss: lost("s2", 900), cause: "unexpected" },
    {
      what: "on a server whose removal was told",
      of: SCALE,
      loss: lost("s4", 1_800),
      cause: "server removed",
    },
    { what: "on a server that stays", of: SCALE, loss: lost("s1", 1_800), cause: "unexpected" },
    { what: "when nothing was changed", of: undefined, loss: lost("s1", 1_800), cause: "unexpected" },
  ])("$what", ({ of, loss, cause }) => {
    const cost = costOf({ ...NOTHING, losses: [loss] }, of, []);
    expect(cost.lost).toEqual({ [cause]: 1 });
    expect(cost.problems).toHaveLength(cause === "unexpected" ? 1 : 0);
  });

  test("with more others than the update told is unexpected", () => {
    const { lost: causes } = costOf(
      { ...NOTHING, losses: [lost("s4", 1_800), lost("s4", 1_800)] },
      SCALE,
      [],
    );
    expect(causes).toEqual({ "server removed": 1, unexpected: 1 });
  });
});

test("what an update told that it ended is added up by server", () => {
  const output = [
    "soak-haproxy1: s3: 2 sessions left; closed in 1 s",
    "soak-haproxy1: s3: 2 sessions closed after 2 s",
    "soak-haproxy1: s3: 1 session of before a reload closed after 2 s, with the container",
    "soak-haproxy1: s4: 1 session closed after 2 s",
  ].join("\n");
  expect(toldEnds(output)).toEqual(
    new Map([
      ["s3", 3],
      ["s4", 1],
    ]),
  );
});
