import { expect, test } from "vitest";
import { readDuration } from "../../../src/stack/duration.ts";

test.each([
  ["0", 0],
  ["30", 30_000],
  ["30s", 30_000],
  ["500ms", 500],
  ["5m", 300_000],
  ["2h", undefined],
  ["", undefined],
  ["s", undefined],
  ["-1s", undefined],
  ["1.5s", undefined],
  ["30 s", undefined],
  ["30S", undefined],
  ["12345678", undefined],
])("%j is %s ms where ms, s and m are taken", (text, ms) => {
  expect(readDuration(text, ["ms", "s", "m"])).toBe(ms);
});

test("a unit that is not taken is refused, and one that is counts", () => {
  expect([readDuration("2h", ["s", "m", "h"]), readDuration("2ms", ["s", "m", "h"])]).toEqual([
    7_200_000,
    undefined,
  ]);
});
