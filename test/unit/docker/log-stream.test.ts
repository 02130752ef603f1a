import { expect, test } from "vitest";
import { unixTime } from "../../../src/docker/log-stream.ts";

test.each([
  ["2026-11-24T18:34:12.877025039Z", "1795545252.877025039"],
  ["2026-11-24T18:34:12Z", "1795545252.0"],
  ["0001-01-01T00:00:00Z", "0.0"],
  ["", "0.0"],
])("Docker's time %s is %s since 1970", (time, seconds) => {
  expect(unixTime(time)).toBe(seconds);
});
