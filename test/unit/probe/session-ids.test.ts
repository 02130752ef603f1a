import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sessionIds } from "../../../src/probe/session-ids.ts";

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe("session ids", () => {
  test("of a seed are what they were when earlier mappings were kept", () => {
    expect(sessionIds(1, 2)).toEqual([
      "a6685f3b-62d5-8bfc-8935-263140bae87f",
      "d6b5915c-4605-8bcb-805f-46f6433df656",
    ]);
  });

  test("are UUIDs of version 8, all different", () => {
    const ids = sessionIds(7, 10_000);
    expect(
      ids.filter((id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)),
    ).toEqual([]);
    expect(new Set(ids).size).toBe(10_000);
  });

  test("of fewer are the first of more", () => {
    fc.assert(
      fc.property(seeds, fc.nat(50), fc.nat(50), (seed, few, more) => {
        expect(sessionIds(seed, few + more).slice(0, few)).toEqual(sessionIds(seed, few));
      }),
    );
  });

  test("of two seeds have none in common", () => {
    fc.assert(
      fc.property(fc.uniqueArray(seeds, { minLength: 2, maxLength: 2 }), ([one = 0, other = 0]) => {
        const ids = new Set(sessionIds(one, 20));
        expect(sessionIds(other, 20).filter((id) => ids.has(id))).toEqual([]);
      }),
    );
  });
});
