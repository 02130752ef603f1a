import { describe, expect, test } from "vitest";
import type { RunningServer } from "../../../src/haproxy/runtime/state.ts";
import { compareServers, isAsDeclared } from "../../../src/preview/server-status.ts";
import { planTopology } from "../../../src/stack/topology.ts";
import { settingsOf } from "../../harness/pulumi-config.ts";
import { asAdded, readBack } from "../haproxy/servers/haproxy-model.ts";

const { servers } = planTopology(settingsOf({ count: "2" }));
const running = readBack(servers.map(asAdded)).map((server) => ({ ...server, cookie: server.name }));

const driftOf = (found: readonly RunningServer[]) =>
  compareServers(servers, found, [], "/readyz").map(({ name, drift }) => [name, drift] as const);
const change = (index: number, changes: Partial<RunningServer>) =>
  running.map((server, at) => (at === index ? { ...server, ...changes } : server));

describe("status", () => {
  test("has nothing to mark when all runs as declared", () => {
    expect(driftOf(running)).toEqual([
      ["s1", ""],
      ["s2", ""],
    ]);
  });

  test.each([
    { what: "is in maintenance", found: change(0, { adminState: "maint", isUp: false }), drift: "maint" },
    { what: "drains", found: change(0, { adminState: "drain" }), drift: "drain" },
    { what: "is down", found: change(0, { isUp: false }), drift: "down" },
    { what: "is not checked", found: change(0, { isChecked: false }), drift: "not checked" },
    {
      what: "has another address",
      found: change(0, { address: "172.28.10.99" }),
      drift: "declared 172.28.10.11:9898",
    },
    { what: "has another weight", found: change(0, { weight: 3 }), drift: "declared weight 100" },
    {
      what: "is checked otherwise",
      found: change(0, { check: "/x|localhost" }),
      drift: "checked with /x|localhost",
    },
    { what: "has another id", found: change(0, { id: 9 }), drift: "declared id 1" },
    { what: "has another cookie", found: change(0, { cookie: "sx" }), drift: "declared cookie s1" },
    {
      what: "has no check",
      found: change(0, { isMendable: false, isChecked: false }),
      drift: "has no check",
    },
    {
      what: "differs in several ways",
      found: change(0, { weight: 0, adminState: "drain" }),
      drift: "declared weight 100, drain",
    },
    { what: "is not declared", found: change(0, { name: "s9", id: 1 }), drift: "not declared" },
  ])("marks a server that $what", ({ found, drift }) => {
    expect(new Map(driftOf(found)).get(found[0]?.name ?? "")).toBe(drift);
  });

  test("tells which image each container runs where they run different ones", () => {
    const versionsOf = (...images: readonly string[]) => {
      const byName = new Map(images.map((image, index) => [servers[index]?.containerName ?? "", image]));
      return compareServers(servers, running, [], "/readyz", { images: byName }).map(({ name, drift }) => [
        name,
        drift,
      ]);
    };
    expect(versionsOf("0123456789ab", "fedcba987654")).toEqual([
      ["s1", "image 0123456789ab"],
      ["s2", "image fedcba987654"],
    ]);
    expect(versionsOf("0123456789ab", "0123456789ab")).toEqual([
      ["s1", ""],
      ["s2", ""],
    ]);
  });

  test("lists a declared server that HAProxy does not have", () => {
    expect(driftOf(running.slice(0, 1))).toEqual([
      ["s1", ""],
      ["s2", "not in HAProxy"],
    ]);
  });

  test("is as declared only when every balancer answers and no server differs", () => {
    const process = {
      version: "3.2.26",
      pid: 8,
      uptimeSeconds: 1,
      reloads: 0,
      failedReloads: 0,
      droppedLogLines: 0,
      oldWorkers: 0,
    };
    const balancer = {
      endpoint: "127.0.0.1:9999",
      process,
      error: undefined,
      isConfigDeclared: true,
      peers: [],
      servers: compareServers(servers, running, []),
    };
    expect(isAsDeclared([balancer])).toBe(true);
    expect(isAsDeclared([{ ...balancer, process: undefined }])).toBe(false);
    expect(isAsDeclared([{ ...balancer, isConfigDeclared: false }])).toBe(false);
    expect(isAsDeclared([balancer, { ...balancer, isConfigDeclared: false }])).toBe(false);
    expect(isAsDeclared([{ ...balancer, servers: compareServers(servers, [], []) }])).toBe(false);
  });
});
