import { expect, test } from "vitest";
import { declareChildren } from "../../src/pulumi/children.ts";
import { recordGraph } from "./recorded-graph.ts";

const THREE = { balancers: "3", "ports.http": "8100", "ports.runtime": "8200", "ports.stats": "8300" };

const afterOf = async (before: Parameters<typeof recordGraph>[2]) => {
  const graph = await recordGraph(THREE, declareChildren, before);
  return [1, 2, 3].map((n) =>
    (graph.get(`demo-haproxy${n}`)?.after ?? []).filter((name) => /serving/.test(name)),
  );
};

test("balancers of a new stack are created at once", async () => {
  expect(await afterOf({})).toEqual([[], [], []]);
});

test("balancers of a stack that exists are replaced or added one at a time", async () => {
  expect(await afterOf({ balancers: [1, 2] })).toEqual([
    [],
    ["demo-haproxy1-serving"],
    ["demo-haproxy2-serving"],
  ]);
});

test("a balancer's container comes after its config, and the sync after the app servers", async () => {
  const graph = await recordGraph({ count: "2" }, declareChildren);
  expect(graph.get("demo-haproxy1")?.after).toContain("demo-haproxy1-config-file");
  expect(graph.get("demo-haproxy1-runtime")?.after).toEqual(
    expect.arrayContaining(["demo-haproxy1-config-file", "demo-podinfo1", "demo-podinfo2"]),
  );
  expect(graph.get("demo-haproxy1-runtime")?.inputs).toMatchObject({
    haproxyContainer: "demo-haproxy1",
    haproxyContainerId: "demo-haproxy1-id",
    servers: [{ name: "s1" }, { name: "s2" }],
  });
});

test("a balancer's config knows who runs with the old one, and comes before every sync", async () => {
  const config = { ...THREE, count: "3", "app.readyPath": "/x" };
  const before = { balancers: [1], apps: { 1: "old", 2: "same", 3: "same" }, serving: ["s1", "s2", "s3"] };
  const graph = await recordGraph(config, declareChildren, before);
  expect(graph.get("demo-haproxy1-config-file")?.inputs.running).toMatchObject({
    haproxyContainer: "demo-haproxy1",
    check: { path: "/x", host: "localhost", status: "200-399" },
    servers: [{ name: "s2" }, { name: "s3" }],
  });
  expect(graph.get("demo-haproxy2-config-file")?.inputs.running).toBeUndefined();
  for (const n of [1, 2, 3]) {
    expect(graph.get(`demo-haproxy${n}-runtime`)?.after).toContain("demo-podinfo1");
    expect(graph.get("demo-podinfo1")?.after).toContain(`demo-haproxy${n}`);
    expect(graph.get(`demo-haproxy${n}`)?.after).toContain(`demo-haproxy${n}-config-file`);
  }
});

test("the network gives containers of others addresses that no container of the stack ever has", async () => {
  const graph = await recordGraph({ count: "2" }, declareChildren);
  expect(graph.get("demo-balancer")?.inputs).toMatchObject({
    subnet: "172.28.10.0/24",
    gateway: "172.28.10.1",
    ipRange: "172.28.10.240/28",
  });
});

test("balancers in sticky mode share their sessions when all of them are in step", async () => {
  const shared = async (config: Record<string, string>) =>
    (await recordGraph({ ...THREE, ...config }, declareChildren)).get("demo-shared-sessions");
  const { after, inputs } = (await shared({})) ?? {};
  expect(after).toEqual(expect.arrayContaining([1, 2, 3].map((n) => `demo-haproxy${n}-runtime`)));
  expect(inputs?.balancers).toMatchObject([1, 2, 3].map((n) => ({ haproxyContainer: `demo-haproxy${n}` })));
  expect(await shared({ mode: "hash" })).toBeUndefined();
  expect(await shared({ balancers: "1" })).toBeUndefined();
});
