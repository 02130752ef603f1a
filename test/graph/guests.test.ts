import { expect, test } from "vitest";
import { declareChildren } from "../../src/pulumi/children.ts";
import { recordGraph } from "./recorded-graph.ts";

const TWO = { balancers: "2", "ports.http": "8100", "ports.runtime": "8200", "ports.stats": "8300" };

test.each([
  {},
  TWO,
  { ...TWO, mode: "hash" },
  { count: "0" },
  { monitoring: "true" },
  { tls: "true" },
  { runtimeTls: "true" },
])("whoever asks for guests comes after all of %o, so it is the first that goes", async (config) => {
  const graph = await recordGraph(config, declareChildren);
  const reached = new Set(["demo-guests"]);
  for (const name of reached) for (const each of graph.get(name)?.after ?? []) reached.add(each);
  const all = [...graph].filter(([, { type }]) => type !== "test:index:Parent").map(([name]) => name);
  expect(all.filter((name) => !reached.has(name))).toEqual([]);
});
