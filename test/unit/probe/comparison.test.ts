import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareMappings, idealShare, movesOf } from "../../../src/probe/comparison.ts";
import type { Mode } from "../../../src/stack/settings.ts";
import { mappingOf } from "./mappings.ts";

describe("the share of sessions that a perfect hash moves", () => {
  test.each([
    { before: ["s1", "s2", "s3"], after: ["s1", "s2", "s3", "s4"], ideal: 1 / 4 },
    { before: ["s1", "s2", "s3", "s4"], after: ["s1", "s2", "s3"], ideal: 1 / 4 },
    { before: ["s1", "s2", "s3"], after: ["s1", "s2", "s3", "s4", "s5", "s6"], ideal: 1 / 2 },
    { before: ["s1", "s2"], after: ["s1", "s3"], ideal: 2 / 3 },
    { before: ["s1", "s2"], after: ["s3"], ideal: 1 },
    { before: ["s1", "s2"], after: ["s2", "s1"], ideal: 0 },
  ])("is $ideal for $before → $after", ({ before, after, ideal }) => {
    expect(idealShare(before, after)).toBeCloseTo(ideal, 12);
  });
});

describe("a comparison", () => {
  test("tells what moved from where to where, the largest flow first", () => {
    const comparison = compareMappings(
      mappingOf(["s1", "s2"], ["s1", "s1", "s1", "s2", "s2"]),
      mappingOf(["s1", "s2", "s3"], ["s1", "s3", "s1", "s3", "s3"]),
    );
    expect(comparison).toMatchObject({
      added: ["s3"],
      removed: [],
      moved: 3,
      movedShare: 0.6,
      idealShare: 1 / 3,
    });
    expect(comparison.flows).toHaveLength(3);
    expect(movesOf(comparison)).toEqual([
      { from: "s2", to: "s3", sessions: 2 },
      { from: "s1", to: "s3", sessions: 1 },
    ]);
    expect(comparison.unexplained).toEqual({ count: 0, examples: [] });
  });

  test.each([
    {
      what: "between servers that stay",
      mode: "hash",
      before: ["s1", "s2"],
      after: ["s1", "s2"],
      move: ["s1", "s2"],
      isExplained: false,
    },
    {
      what: "between servers that stay, with one added",
      mode: "hash",
      before: ["s1", "s2"],
      after: ["s1", "s2", "s3"],
      move: ["s1", "s2"],
      isExplained: false,
    },
    {
      what: "to an added server",
      mode: "hash",
      before: ["s1"],
      after: ["s1", "s2"],
      move: ["s1", "s2"],
      isExplained: true,
    },
    {
      what: "from a removed server",
      mode: "hash",
      before: ["s1", "s2"],
      after: ["s1"],
      move: ["s2", "s1"],
      isExplained: true,
    },
    {
      what: "to an added server",
      mode: "sticky",
      before: ["s1"],
      after: ["s1", "s2"],
      move: ["s1", "s2"],
      isExplained: false,
    },
    {
      what: "from a removed server",
      mode: "sticky",
      before: ["s1", "s2"],
      after: ["s1"],
      move: ["s2", "s1"],
      isExplained: true,
    },
    {
      what: "from a removed to an added server",
      mode: "sticky",
      before: ["s1"],
      after: ["s2"],
      move: ["s1", "s2"],
      isExplained: true,
    },
  ] as const)(
    "finds a move $what in $mode mode explained: $isExplained",
    ({ mode, before, after, move: [from, to], isExplained }) => {
      const earlier = mappingOf(before, [from], { mode });
      const { unexplained } = compareMappings(earlier, mappingOf(after, [to], { mode }));
      const [session] = earlier.homes.keys();
      expect(unexplained).toEqual(
        isExplained ? { count: 0, examples: [] } : { count: 1, examples: [{ session, from, to }] },
      );
    },
  );

  test("lists no more than 10 of many unexplained moves, and counts them all", () => {
    const many = Array.from({ length: 300 }, () => "s1");
    const { unexplained } = compareMappings(
      mappingOf(["s1", "s2"], many),
      mappingOf(
        ["s1", "s2"],
        many.map(() => "s2"),
      ),
    );
    expect(unexplained.count).toBe(300);
    expect(unexplained.examples).toHaveLength(10);
  });

  test("counts every session once", () => {
    const names = ["s1", "s2", "s3"] as const;
    const homes = fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names)), {
      minLength: 1,
      maxLength: 100,
    });
    fc.assert(
      fc.property(homes, fc.constantFrom<Mode>("hash", "sticky"), (pairs, mode) => {
        const earlier = pairs.map(([before]) => before);
        const later = pairs.map(([, after]) => after);
        const comparison = compareMappings(
          mappingOf(names, earlier, { mode }),
          mappingOf(names, later, { mode }),
        );
        expect(comparison.flows.reduce((sum, { sessions }) => sum + sessions, 0)).toBe(pairs.length);
        expect(movesOf(comparison).reduce((sum, { sessions }) => sum + sessions, 0)).toBe(comparison.moved);
        expect(comparison.moved).toBe(pairs.filter(([before, after]) => before !== after).length);
        expect(comparison.unexplained.count).toBe(comparison.moved); // no server changed
      }),
    );
  });

  test("has a perfect consistent hash move the ideal share, all of it explained", () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(ids, ids, (before, after) => {
        const [earlier, later] = [before, after].map((numbers) => rendezvous(numbers.map((n) => `s${n}`)));
        if (earlier === undefined || later === undefined) throw new Error("two mappings");
        const { unexplained, movedShare, idealShare: ideal } = compareMappings(earlier, later);
        expect(unexplained.count).toBe(0);
        expect(Math.abs(movedShare - ideal)).toBeLessThan(0.06);
      }),
      { numRuns: 30 },
    );
  });
});

const scores = new Map<string, number>();

/** The place of a server in a session's order. */
function score(session: number, server: string): number {
  const pair = `${session} ${server}`;
  const known = scores.get(pair) ?? createHash("sha256").update(pair).digest().readUInt32BE();
  scores.set(pair, known);
  return known;
}

/** Each session has its own order of all servers, and is on the first of it that exists. */
function rendezvous(servers: readonly string[]) {
  const homes = Array.from({ length: 1_500 }, (_, session) =>
    servers.reduce((best, server) => (score(session, server) > score(session, best) ? server : best)),
  );
  return mappingOf(servers, homes);
}
