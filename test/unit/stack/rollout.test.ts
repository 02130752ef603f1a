import { describe, expect, test } from "vitest";
import { batchSize } from "../../../src/stack/batch-size.ts";
import { planRollout, type RolloutInputs } from "../../../src/stack/rollout.ts";
import { planTopology, type Server } from "../../../src/stack/topology.ts";
import { settingsOf } from "../../harness/pulumi-config.ts";

const { servers } = planTopology(settingsOf({ count: "5" }));
const ALL = new Set(servers.map(({ name }) => name));
const containersOf = (made: readonly string[]) =>
  new Map(made.map((definition, index) => [`${servers[index]?.containerName}`, definition]));

const definitions = new Map(servers.map(({ containerName }) => [containerName, "new"]));

const planOf = (running: readonly string[], changes: Partial<RolloutInputs> = {}) => {
  const { provedFirst, replaced, atATime } = planRollout({
    servers,
    definitions,
    running: containersOf(running),
    serving: ALL,
    isAllDown: false,
    batch: { kind: "count", count: 2 },
    ...changes,
  });
  return { provedFirst: namesOf(provedFirst), replaced: namesOf(replaced), atATime };
};
const namesOf = (list: readonly Server[]) => list.map(({ name }) => name);

describe("a roll-out", () => {
  test("replaces containers that were made from something else, some at a time, by their ids", () => {
    expect(planOf(["old", "old", "old", "old", "old"])).toEqual({
      provedFirst: [],
      replaced: ["s1", "s2", "s3", "s4", "s5"],
      atATime: 2,
    });
  });

  test("leaves alone what is up to date and what does not exist yet, and proves it first", () => {
    expect(planOf(["new", "old", "new", "unknown"])).toEqual({
      provedFirst: ["s1", "s3", "s5"],
      replaced: ["s2", "s4"],
      atATime: 2,
    });
    expect(planOf([])).toEqual({ provedFirst: [], replaced: [], atATime: 2 });
  });

  test("begins with servers that are not in rotation", () => {
    expect(planOf(["old", "old", "old"], { serving: new Set(["s1", "s3"]) }).replaced).toEqual([
      "s2",
      "s1",
      "s3",
    ]);
  });
});

describe("where no server is up", () => {
  test("all are replaced at once, and none is proved up before", () => {
    expect(planOf(["old", "new", "old"], { serving: new Set(), isAllDown: true })).toEqual({
      provedFirst: [],
      replaced: ["s1", "s3"],
      atATime: 5,
    });
  });
});

describe("a batch", () => {
  test.each([
    { batch: { kind: "count", count: 3 } as const, count: 10, size: 3 },
    { batch: { kind: "share", percent: 25 } as const, count: 10, size: 2 },
    { batch: { kind: "share", percent: 25 } as const, count: 3, size: 1 },
    { batch: { kind: "share", percent: 100 } as const, count: 4, size: 4 },
    { batch: { kind: "count", count: 5 } as const, count: 3, size: 3 },
    { batch: { kind: "count", count: 2 } as const, count: 1, size: 1 },
    { batch: { kind: "share", percent: 1 } as const, count: 0, size: 1 },
  ])("of $batch in $count servers has $size", ({ batch, count, size }) => {
    expect(batchSize(batch, count)).toBe(size);
  });
});
