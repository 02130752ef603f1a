import { describe, expect, test } from "vitest";
import { batchSize } from "../../../src/stack/batch-size.ts";
import { planRollout } from "../../../src/stack/rollout.ts";
import { planTopology } from "../../../src/stack/topology.ts";
import { settingsOf } from "../pulumi-config.ts";

const { servers } = planTopology(settingsOf({ count: "5" }));
const ALL = new Set(servers.map(({ name }) => name));
const containersOf = (definitions: readonly string[]) =>
  new Map(definitions.map((definition, index) => [`${servers[index]?.containerName}`, definition]));

const batchesOf = (definitions: readonly string[], count: number, serving = ALL, isAllDown = false) =>
  planRollout({
    servers,
    definition: "new",
    running: containersOf(definitions),
    serving,
    isAllDown,
    batch: { kind: "count", count },
  }).batches.map((batch) => batch.map(({ name }) => name));

describe("a roll-out", () => {
  test("replaces containers that were made from something else, in batches and in the order of their ids", () => {
    expect(batchesOf(["old", "old", "old", "old", "old"], 2)).toEqual([["s1", "s2"], ["s3", "s4"], ["s5"]]);
  });

  test("leaves alone what is up to date and what does not exist yet", () => {
    expect(batchesOf(["new", "old", "new", "unknown"], 1)).toEqual([["s2"], ["s4"]]);
    expect(batchesOf([], 1)).toEqual([]);
  });

  test("begins with servers that are not in rotation", () => {
    expect(batchesOf(["old", "old", "old"], 1, new Set(["s1", "s3"]))).toEqual([["s2"], ["s1"], ["s3"]]);
  });
});

describe("where no server is up", () => {
  test("all are replaced at once, and none is proved up before", () => {
    expect(batchesOf(["old", "new", "old"], 1, new Set(), true)).toEqual([["s1", "s3"]]);
    const inputs = {
      servers,
      definition: "new",
      running: containersOf(["old", "new"]),
      serving: new Set(""),
      batch: { kind: "count", count: 1 },
    } as const;
    expect(planRollout({ ...inputs, isAllDown: true }).provedFirst).toEqual([]);
    expect(planRollout({ ...inputs, isAllDown: false }).provedFirst.map(({ name }) => name)).toEqual([
      "s2",
      "s3",
      "s4",
      "s5",
    ]);
    expect(planRollout({ ...inputs, running: new Map(), isAllDown: true }).batches).toEqual([]);
  });
});

describe("a batch", () => {
  test.each([
    { batch: { kind: "count", count: 3 } as const, count: 10, size: 3 },
    { batch: { kind: "share", percent: 25 } as const, count: 10, size: 2 },
    { batch: { kind: "share", percent: 25 } as const, count: 3, size: 1 },
    { batch: { kind: "share", percent: 100 } as const, count: 4, size: 3 },
    { batch: { kind: "count", count: 5 } as const, count: 3, size: 2 },
    { batch: { kind: "count", count: 2 } as const, count: 1, size: 1 },
    { batch: { kind: "share", percent: 1 } as const, count: 0, size: 1 },
  ])("of $batch in $count servers has $size", ({ batch, count, size }) => {
    expect(batchSize(batch, count)).toBe(size);
  });
});
