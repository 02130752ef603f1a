import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  declaredServers,
  planTopology,
  runtimeEndpoint,
  type Topology,
} from "../../../src/stack/topology.ts";
import { settingsOf } from "../../harness/pulumi-config.ts";

const topologyOf = (count: number, more: Record<string, unknown> = {}): Topology =>
  planTopology(settingsOf({ count: String(count), ...more }, "blue"));

const lastOctet = (address: string): number => Number(address.split(".")[3]);

describe("the topology of a sticky stack", () => {
  const topology = topologyOf(2);

  test("has the network with the gateway at the subnet's first address", () => {
    expect(topology.network).toEqual({
      name: "blue-balancer",
      subnet: "172.28.10.0/24",
      guests: "172.28.10.240/28",
      gateway: "172.28.10.1",
    });
  });

  test("has the balancer after it, with the stack's host ports", () => {
    expect(topology.balancers).toEqual([
      {
        containerName: "blue-haproxy1",
        peerName: "haproxy1",
        address: "172.28.10.2",
        volumeName: "blue-haproxy1-config",
        ports: { http: 8080, runtime: 9999, stats: 8404 },
      },
    ]);
  });

  test("has the app containers from the eleventh address on, with the server's name as cookie", () => {
    expect(topology.servers).toEqual([
      {
        name: "s1",
        id: 1,
        address: "172.28.10.11",
        port: 9898,
        cookie: "s1",
        containerName: "blue-podinfo1",
        ...{ check: { intervalMs: 500, rise: 1, fall: 2 }, maxConnections: undefined },
      },
      {
        name: "s2",
        id: 2,
        address: "172.28.10.12",
        port: 9898,
        cookie: "s2",
        containerName: "blue-podinfo2",
        ...{ check: { intervalMs: 500, rise: 1, fall: 2 }, maxConnections: undefined },
      },
    ]);
  });
});

test("servers of a hash stack have no cookie", () => {
  expect(topologyOf(2, { mode: "hash" }).servers.map(({ cookie }) => cookie)).toEqual([undefined, undefined]);
});

describe("a stack with monitoring", () => {
  test("has Prometheus and Grafana on the two addresses before the first app container", () => {
    expect(topologyOf(1, { monitoring: "true" }).monitoring).toEqual({
      prometheus: {
        containerName: "blue-prometheus",
        image: "prom/prometheus:v3.5.3",
        address: "172.28.10.9",
        port: 9090,
        volumeName: "blue-prometheus-data",
      },
      grafana: {
        containerName: "blue-grafana",
        image: "grafana/grafana:12.4.10",
        address: "172.28.10.10",
        port: 3000,
      },
    });
  });

  test("is the same otherwise", () => {
    expect({ ...topologyOf(3, { monitoring: "true" }), monitoring: undefined }).toEqual(topologyOf(3));
  });
});

test("a count of 0 leaves the network and the balancer", () => {
  expect(topologyOf(0)).toEqual({
    ...topologyOf(3),
    servers: [],
    backend: { name: "webservers", servers: [] },
  });
});

test("names, ids and addresses stay as they are when the count changes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 228 }), fc.integer({ min: 0, max: 228 }), (a, b) => {
      const [few, many] = [topologyOf(Math.min(a, b)), topologyOf(Math.max(a, b))];
      expect(many.servers.slice(0, few.servers.length)).toEqual(few.servers);
    }),
    { numRuns: 30 },
  );
});

test("no address, name or id is used twice, and none is the network's own or its broadcast address", () => {
  const cases = fc.constantFrom({ prefix: 28, most: 3 }, { prefix: 27, most: 18 }, { prefix: 24, most: 228 });
  fc.assert(
    fc.property(cases, ({ prefix, most }) => {
      const { network, balancers, servers, standIn, monitoring } = topologyOf(most, {
        subnet: `192.168.7.0/${prefix}`,
        balancers: "7",
        monitoring: "true",
      });
      const services = Object.values(monitoring ?? {});
      const addresses = [
        network.gateway,
        ...[...balancers, ...services, ...servers, standIn].map(({ address }) => address),
      ];
      expect(new Set(addresses).size).toBe(most + 11);
      expect(
        addresses.every(
          (address) =>
            address.startsWith("192.168.7.") &&
            lastOctet(address) > 0 &&
            lastOctet(address) < 2 ** (32 - prefix) - 1,
        ),
      ).toBe(true);
      expect(new Set([...servers, standIn].map(({ id }) => id)).size).toBe(most + 1);
      expect(
        new Set([...servers, standIn, ...balancers, ...services].map(({ containerName }) => containerName))
          .size,
      ).toBe(most + 10);
    }),
    { numRuns: 10 },
  );
});

test.each(["sticky", "hash"] as const)("the outputs of a %s stack tell its servers", (mode) => {
  const { servers } = topologyOf(12, { mode });
  const outputs = servers.map(({ name, address, port }) => ({ name, address: `${address}:${port}` }));
  expect(declaredServers({ stack: "blue", mode }, { servers: outputs })).toEqual(
    servers.map(({ check: _, maxConnections: __, ...server }) => server),
  );
});

describe("with TLS", () => {
  const both = {
    balancers: "2",
    "ports.http": "9100",
    "tls.selfSigned": "true",
    "tls.redirect": "true",
    "runtimeTls.enabled": "true",
  };

  test("every balancer has host ports for it, and else none", () => {
    const ports = { "ports.runtime": "9110", "ports.stats": "9120" };
    expect(topologyOf(1, { ...both, ...ports }).balancers.map((balancer) => balancer.ports)).toEqual([
      { http: 9100, https: 8443, runtime: 9110, runtimeTls: 9443, stats: 9120 },
      { http: 9101, https: 8444, runtime: 9111, runtimeTls: 9444, stats: 9121 },
    ]);
    expect(topologyOf(1)).toMatchObject({ tls: undefined, runtimeTls: undefined });
  });

  test.each([
    { more: {}, engine: "docker.example.com", host: "docker.example.com" },
    { more: { "runtimeTls.bind": "10.0.0.7" }, engine: "docker.example.com", host: "10.0.0.7" },
    {
      more: { "runtimeTls.bind": "10.0.0.7", "runtimeTls.host": "lb.example.com" },
      engine: "127.0.0.1",
      host: "lb.example.com",
    },
  ])("the runtime API is reached on $host with $more and an engine on $engine", ({ more, engine, host }) => {
    const topology = planTopology(settingsOf({ "runtimeTls.enabled": "true", ...more }), engine);
    expect(topology.balancers.map((balancer) => runtimeEndpoint(topology, balancer))).toEqual([
      { kind: "tls", host, port: 9443 },
    ]);
  });

  test("off, the runtime API is reached on the Docker host's loopback", () => {
    const topology = topologyOf(1);
    expect(topology.balancers.map((balancer) => runtimeEndpoint(topology, balancer))).toEqual([
      { kind: "tcp", host: "127.0.0.1", port: 9999 },
    ]);
  });
});
