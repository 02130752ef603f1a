import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { movedShare, type RingServer, serverOfSession } from "../../../src/haproxy/hash-ring.ts";

const serversOf = (ids: readonly number[], weight = 100): RingServer[] =>
  ids.map((id) => ({ name: `s${id}`, id, weight }));

describe("the share of sessions that move", () => {
  test.each([
    { before: [1, 2, 3], after: [1, 2, 3, 4], ideal: 1 / 4 },
    { before: [1, 2, 3, 4], after: [1, 2, 3], ideal: 1 / 4 },
    { before: [1, 2, 3, 4], after: [1, 2, 3, 4, 5], ideal: 1 / 5 },
    { before: [1, 2], after: [3, 4], ideal: 1 },
  ])("$before → $after is near $ideal", ({ before, after, ideal }) => {
    expect(Math.abs(movedShare(serversOf(before), serversOf(after)) - ideal)).toBeLessThan(0.02);
  });

  test("is none without a change, and without a server before", () => {
    expect(movedShare(serversOf([1, 2, 3]), serversOf([3, 2, 1]))).toBe(0);
    expect(movedShare([], serversOf([1, 2]))).toBe(0);
    expect(movedShare(serversOf([1]), [])).toBe(1);
  });

  test("is the same there and back, and never more than all", () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(ids, ids, fc.integer({ min: 1, max: 20 }), (before, after, weight) => {
        const [a, b] = [serversOf(before, weight), serversOf(after, weight)];
        expect(movedShare(a, b)).toBeCloseTo(movedShare(b, a), 9);
        expect(movedShare(a, b)).toBeLessThanOrEqual(1);
        expect(movedShare(a, b) === 0).toBe(before.toSorted().join() === after.toSorted().join());
      }),
      { numRuns: 50 },
    );
  });
});

describe("the server of a session", () => {
  const ids = ["abc123", "abc128", "session-7", "user@example.org", "žluť", "a b", "0", "x"];

  test.each([
    { servers: [1, 2, 3], homes: ["s1", "s1", "s3", "s1", "s2", "s1", "s3", "s3"] },
    { servers: [1, 2, 3, 4, 5], homes: ["s1", "s1", "s3", "s1", "s4", "s1", "s3", "s3"] },
  ])("is the one to which HAProxy 3.2.26 sent it, of $servers", ({ servers, homes }) => {
    expect(ids.map((id) => serverOfSession(serversOf(servers), id))).toEqual(homes);
  });

  test("is nobody without servers", () => {
    expect(serverOfSession([], "a")).toBeUndefined();
  });
});
