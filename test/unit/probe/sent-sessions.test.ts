import { expect, test } from "vitest";
import { findDifferences } from "../../../src/probe/sent-sessions.ts";

test("sessions that another server answered are found, with both servers and the balancer", () => {
  const first = new Map(Object.entries({ a: "s1", b: "s2", c: "s3" }));
  expect(
    findDifferences(first, new Map(Object.entries({ c: "s1", b: "s2", a: "s1" })), "http://127.0.0.1:8081"),
  ).toEqual([{ session: "c", first: "s3", later: "s1", through: "http://127.0.0.1:8081" }]);
  expect(findDifferences(first, first, "http://127.0.0.1:8081")).toEqual([]);
});
