import { describe, expect, test } from "vitest";
import { describeChanges, type Observed, type ObservedBalancer } from "../../src/changes.ts";
import { renderConfig } from "../../src/haproxy/config.ts";
import { CONTAINER_PORTS } from "../../src/haproxy/ports.ts";
import { planRollout } from "../../src/rollout.ts";
import { type Balancer, planTopology } from "../../src/topology.ts";
import { settingsOf } from "./pulumi-config.ts";
import { asAdded, readBack } from "./reconcile/haproxy-model.ts";

type ConfigChanges = Parameters<typeof settingsOf>[0];

const declare = (config: ConfigChanges, running: ReadonlyMap<string, string> = new Map()) => {
  const settings = settingsOf(config);
  const topology = planTopology(settings);
  const rollout = planRollout({ servers: topology.servers, definition: "new", running, up: new Set(), batch: settings.rollout.batch });
  return { settings, topology, config: renderConfig(topology), rollout };
};

/** A stack that runs as the config says. */
const runs = (config: ConfigChanges, changes: Partial<ObservedBalancer> = {}): Observed => {
  const { topology, config: rendered, settings } = declare(config);
  const observe = ({ ports }: Balancer): ObservedBalancer => {
    const published = new Map([
      [CONTAINER_PORTS.http, `${settings.bind}:${ports.http}`],
      [CONTAINER_PORTS.runtime, `127.0.0.1:${ports.runtime}`],
      [CONTAINER_PORTS.stats, `127.0.0.1:${ports.stats}`],
    ]);
    const { memoryMb, files } = settings.haproxyLimits;
    return { image: settings.haproxyImage, isRunning: true, isReadOnly: true, memoryMb, files, published, configText: rendered.text, ...changes };
  };
  const running = { revision: rendered.revision, servers: readBack(topology.servers.map(asAdded)) };
  return {
    balancers: new Map(topology.balancers.map((balancer) => [balancer.containerName, observe(balancer)])),
    running: new Map(topology.balancers.map(({ containerName }) => [containerName, running])),
  };
};

/** A balancer whose worker an earlier update did not reload. */
const stale = (observed: Observed, name: string): Observed => {
  const servers = observed.running.get(name)?.servers ?? [];
  return { ...observed, running: new Map([...observed.running, [name, { servers, revision: "0000000000000000" }]]) };
};

describe("a preview", () => {
  test.each([
    { what: "nothing", from: {}, to: {}, lines: [] },
    { what: "more servers", from: { count: "3" }, to: { count: "5" }, lines: ["runtime: + s4 s5"] },
    { what: "fewer servers", from: { count: "3" }, to: { count: "1" }, lines: ["runtime: - s2 s3"] },
    { what: "the mode", from: { mode: "sticky" }, to: { mode: "hash" }, lines: ["reload: mode sticky → hash"] },
    { what: "the ready path", from: {}, to: { "app.readyPath": "/healthz" }, lines: ["reload: app.readyPath /readyz → /healthz"] },
    { what: "monitoring", from: {}, to: { monitoring: "true" }, lines: ["reload: monitoring false → true"] },
    { what: "monitoring, away", from: { monitoring: "true" }, to: {}, lines: ["reload: monitoring true → false"] },
    {
      what: "the image of Grafana, which is none of HAProxy's business",
      from: { monitoring: "true" },
      to: { monitoring: "true", grafanaImage: "x" },
      lines: [],
    },
    { what: "mode and count", from: { count: "1" }, to: { mode: "hash", count: "2" }, lines: ["runtime: + s2", "reload: mode sticky → hash"] },
    {
      what: "the image of HAProxy",
      from: {},
      to: { haproxyImage: "haproxy:3.3" },
      lines: ["HAProxy replaced: demo-haproxy1, haproxyImage haproxy:3.2 → haproxy:3.3"],
    },
    {
      what: "a port",
      from: {},
      to: { "ports.http": "8081" },
      lines: ["HAProxy replaced: demo-haproxy1, ports.http 127.0.0.1:8080 → 127.0.0.1:8081"],
    },
    {
      what: "the memory of HAProxy",
      from: {},
      to: { "haproxy.memory": "1g" },
      lines: ["HAProxy replaced: demo-haproxy1, haproxy.memory 512m → 1024m"],
    },
  ] satisfies { what: string; from: ConfigChanges; to: ConfigChanges; lines: string[] }[])(
    "tells how a change of $what will go",
    ({ from, to, lines }) => {
      expect(describeChanges(declare(to), runs(from))).toEqual(lines);
    },
  );

  test("tells in hash mode how many sessions move", () => {
    const [runtime, sessions] = describeChanges(declare({ mode: "hash", count: "4" }), runs({ mode: "hash", count: "3" }));
    expect(runtime).toBe("runtime: + s4");
    expect(sessions).toMatch(/^sessions: 2[3-7]\.\d % move to another server$/);
  });

  test("tells how many containers a roll-out replaces at a time", () => {
    const running = new Map(["demo-podinfo1", "demo-podinfo2", "demo-podinfo3"].map((name) => [name, "old"]));
    expect(describeChanges(declare({ "rollout.batch": "2" }, running), runs({}))).toEqual(["roll-out: 3 containers in batches of 2"]);
  });

  test("tells that HAProxy is created, or started again", () => {
    expect(describeChanges(declare({}), { balancers: new Map(), running: new Map() })).toEqual(["create: demo-haproxy1 with 3 servers"]);
    expect(describeChanges(declare({}), runs({}, { isRunning: false }))).toEqual(["HAProxy replaced: demo-haproxy1 does not run"]);
  });

  test("tells of a reload that an earlier update owes", () => {
    expect(describeChanges(declare({}), stale(runs({}), "demo-haproxy1"))).toEqual(["reload: the worker runs an older config"]);
  });

  test("tells once what all balancers will do, and names those that alone will do something", () => {
    const three = { balancers: "3", "ports.http": "8100" };
    const observed = runs(three);
    expect(describeChanges(declare({ ...three, count: "4" }), observed)).toEqual(["runtime: + s4"]);
    expect(describeChanges(declare({ ...three, count: "4" }), stale(observed, "demo-haproxy2"))).toEqual([
      "runtime: + s4",
      "reload: the worker runs an older config (demo-haproxy2)",
    ]);
  });

  test("tells of balancers that come and go, and of the reload that makes them known", () => {
    const [one, two] = [{ "ports.http": "8100" }, { "ports.http": "8100", balancers: "2" }];
    const [create, reload, ...rest] = describeChanges(declare(two), runs(one));
    expect(create).toBe("create: demo-haproxy2 with 3 servers");
    expect(reload).toMatch(/^reload: balancers 1 → 2$/);
    expect(rest).toEqual([]);
    expect(describeChanges(declare(one), runs(two))).toEqual(["reload: balancers 2 → 1", "remove: demo-haproxy2"]);
  });
});
