import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countServers, describeSpread, findSurplus, type Spread } from "../../../src/stack/spread.ts";

const spreadOf = (machines: readonly string[], places: Readonly<Record<string, string>>): Spread => ({
  machines,
  places: new Map(Object.entries(places)),
});

const ALL_ON_ONE = spreadOf(["a", "b", "c"], { s1: "b", s2: "b", s3: "b" });

test("a machine without a server counts, and the fullest comes first", () => {
  expect(describeSpread(ALL_ON_ONE)).toBe("b 3, a 0, c 0");
});

describe("the surplus", () => {
  test.each([
    ["of all on one machine is all but one", ALL_ON_ONE, ["s3", "s2"]],
    ["is none where one machine has one more", spreadOf(["a", "b"], { s1: "a", s2: "a", s3: "b" }), []],
    ["is none with one machine", spreadOf(["a"], { s1: "a", s2: "a", s3: "a" }), []],
    ["is none with no machine that can take a server", spreadOf([], { s1: "a" }), []],
    [
      "is on a machine that takes no more as well",
      spreadOf(["a"], { s1: "drained", s2: "drained", s3: "a" }),
      [],
    ],
  ] as const)("%s", (_what, spread, moved) => {
    expect(findSurplus(spread)).toEqual(moved);
  });

  test("moved to the emptiest machines leaves none, and is as small as can be", () => {
    const scene = fc.record({
      machines: fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { minLength: 1 }),
      picks: fc.array(fc.nat(), { maxLength: 12 }),
    });
    fc.assert(
      fc.property(scene, ({ machines, picks }) => {
        const places = picks.map(
          (pick, index) => [`s${index}`, machines[pick % machines.length] ?? ""] as const,
        );
        const spread: Spread = { machines, places: new Map(places) };
        const moved = findSurplus(spread);
        const after = new Map<string, string>(places.filter(([name]) => !moved.includes(name)));
        for (const name of moved)
          after.set(name, countServers({ machines, places: after }).at(-1)?.[0] ?? "");
        expect(findSurplus({ machines, places: after })).toEqual([]);
        const most = Math.ceil(picks.length / machines.length);
        const beyond = countServers(spread).reduce((sum, [, count]) => sum + Math.max(0, count - most), 0);
        const least = Math.floor(picks.length / machines.length);
        const lacking = countServers(spread).reduce((sum, [, count]) => sum + Math.max(0, least - count), 0);
        expect(moved).toHaveLength(Math.max(beyond, lacking));
      }),
    );
  });
});
