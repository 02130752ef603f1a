import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allServers, distribute } from "../../../src/probe/distribution.ts";

const homesOf = (servers: readonly string[]) =>
  new Map(servers.map((server, index) => [`session ${index}`, server]));

describe("the distribution", () => {
  test("tells each server's sessions, share and distance from even, also of one without a session", () => {
    expect(distribute(homesOf(["s1", "s1", "s1", "s2"]), ["s1", "s2", "s3", "s4"])).toEqual({
      servers: [
        { server: "s1", sessions: 3, share: 0.75, deviationPercent: 200 },
        { server: "s2", sessions: 1, share: 0.25, deviationPercent: 0 },
        { server: "s3", sessions: 0, share: 0, deviationPercent: -100 },
        { server: "s4", sessions: 0, share: 0, deviationPercent: -100 },
      ],
      imbalance: 3,
    });
  });

  test("adds up, and is even at 1", () => {
    const servers = fc.array(fc.constantFrom("s1", "s2", "s3", "s4", "s5"), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(servers, (found) => {
        const { servers: rows, imbalance } = distribute(homesOf(found), ["s1", "s2", "s3"]);
        const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
        expect(sum(rows.map(({ sessions }) => sessions))).toBe(found.length);
        expect(sum(rows.map(({ share }) => share))).toBeCloseTo(1, 9);
        expect(sum(rows.map(({ deviationPercent }) => deviationPercent))).toBeCloseTo(0, 6);
        expect(imbalance).toBeGreaterThanOrEqual(1);
        expect(imbalance).toBeLessThanOrEqual(rows.length);
        expect(imbalance === 1).toBe(rows.every(({ deviationPercent }) => deviationPercent === 0));
      }),
    );
  });
});

test("all servers are the declared ones and those that answered, by number", () => {
  expect(allServers(["s1", "s2", "s10"], homesOf(["s9", "s2", "s9"]))).toEqual(["s1", "s2", "s9", "s10"]);
});
