import { expect, test } from "vitest";
import { replacementOrder } from "../../../src/stack/balancer-order.ts";
import type { ObservedBalancer } from "../../../src/stack/observed.ts";
import { type Balancer, planTopology } from "../../../src/stack/topology.ts";
import { named } from "../../harness/named.ts";
import { settingsOf } from "../../harness/pulumi-config.ts";

const balancersFrom = (http: number): readonly Balancer[] =>
  planTopology(settingsOf({ balancers: "3", "ports.http": String(http) })).balancers;

const observe = (balancers: readonly Balancer[]): ReadonlyMap<string, ObservedBalancer> =>
  new Map(
    balancers.map(({ containerName, ports }) => [
      containerName,
      {
        isRunning: true,
        madeFrom: { "ports.http": `127.0.0.1:${ports.http}`, logDriver: "local" },
        configText: undefined,
        certificateDigest: undefined,
      },
    ]),
  );

const orderOf = (from: number, to: number): string[] =>
  replacementOrder(balancersFrom(to), observe(balancersFrom(from))).map(({ peerName }) => peerName);

test.each(
  named([
    { what: "other ports", from: 8100, to: 8200, order: ["haproxy1", "haproxy2", "haproxy3"] },
    { what: "the same ports", from: 8100, to: 8100, order: ["haproxy1", "haproxy2", "haproxy3"] },
    {
      what: "ports moved up, where the last gives one up first",
      from: 8100,
      to: 8101,
      order: ["haproxy3", "haproxy2", "haproxy1"],
    },
    { what: "ports moved down", from: 8101, to: 8100, order: ["haproxy1", "haproxy2", "haproxy3"] },
  ]),
)("balancers are replaced with %s", (_what, { from, to, order }) => {
  expect(orderOf(from, to)).toEqual(order);
});

test("balancers that want each other's ports have an order even so", () => {
  const [one, two, three] = balancersFrom(8100);
  if (one === undefined || two === undefined || three === undefined) throw new Error("there are three");
  const swapped = observe([
    { ...one, ports: two.ports },
    { ...two, ports: one.ports },
  ]);
  expect(replacementOrder([one, two, three], swapped)).toHaveLength(3);
});
