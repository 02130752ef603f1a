import { describe, expect, test } from "vitest";
import { labelsOf } from "../../../../src/docker/labels.ts";
import type { RuntimeSyncInputs } from "../../../../src/pulumi/inputs.ts";
import { runtimeSync } from "../../../../src/pulumi/provider/runtime-sync.ts";
import { planTopology } from "../../../../src/stack/topology.ts";
import { named } from "../../../harness/named.ts";
import { settingsOf } from "../../../harness/pulumi-config.ts";
import { asAdded, type ModelServer, readBack } from "../../haproxy/servers/haproxy-model.ts";

const { servers } = planTopology(settingsOf({ count: "3" }));

type RuntimeSyncState = Parameters<typeof runtimeSync.differs>[0];

const INPUTS: RuntimeSyncInputs = {
  endpoint: { kind: "tcp", host: "127.0.0.1", port: 9999 },
  haproxyContainer: "demo-haproxy1",
  haproxyContainerId: "c0ffee",
  configFile: {
    volumeName: "v",
    image: "haproxy:3.2",
    peerName: "haproxy1",
    labels: labelsOf("st", "state", "config-check"),
    text: "",
  },
  revision: "0123456789abcdef",
  servers: [...servers],
  check: { path: "/readyz", host: "localhost", status: "200-399" },
  drainTimeoutMs: 30_000,
  readyTimeoutMs: 60_000,
};

/** State as Pulumi keeps it: JSON, where what is undefined has no key. */
const kept = (state: RuntimeSyncState): RuntimeSyncState => JSON.parse(JSON.stringify(state));

const running = (
  models: readonly ModelServer[],
  revision = INPUTS.revision,
): RuntimeSyncState["running"] => ({
  revision,
  servers: Object.fromEntries(readBack(models).map((server) => [server.name, server])),
});

/** What is declared runs, but for a server that no check finds up. */
const down = (name: string): RuntimeSyncState["running"] => ({
  revision: INPUTS.revision,
  servers: Object.fromEntries(
    readBack(servers.map(asAdded)).map((server) => [
      server.name,
      server.name === name ? { ...server, isUp: false } : server,
    ]),
  ),
});

const STATE = kept({ ...INPUTS, running: running(servers.map(asAdded)) });

describe("an update has nothing to do", () => {
  test("when HAProxy runs what is declared", () => {
    expect(runtimeSync.differs(STATE, INPUTS)).toBe(false);
  });

  test("when it runs what is declared without cookies, which state does not keep", () => {
    const hash = planTopology(settingsOf({ mode: "hash", count: "3" })).servers;
    const state = kept({ ...STATE, running: running(hash.map(asAdded)) });
    expect(runtimeSync.differs(state, { ...INPUTS, servers: [...hash] })).toBe(false);
  });
});

describe("of a certificate, an update", () => {
  const certificate = { path: "site.pem", digest: "d1", fingerprint: "AA" };
  const state = kept({
    ...STATE,
    certificate,
    running: {
      ...STATE.running,
      revision: INPUTS.revision,
      servers: STATE.running?.servers ?? {},
      certificate: "AA",
    },
  });

  test("leaves alone the declared one", () => {
    expect(runtimeSync.differs(state, { ...INPUTS, certificate })).toBe(false);
    expect(
      runtimeSync.differs(state, { ...INPUTS, certificate: { ...certificate, path: "moved.pem" } }),
    ).toBe(false);
  });

  test.each([
    ["another is declared", { ...certificate, digest: "d2", fingerprint: "BB" }],
    ["the chain is another", { ...certificate, digest: "d2" }],
    ["another is served", { ...certificate, fingerprint: "BB" }],
    ["none is declared", undefined],
  ])("has something to do when %s", (_what, declared) => {
    expect(runtimeSync.differs(state, { ...INPUTS, certificate: declared })).toBe(true);
  });
});

describe("an update has something to do", () => {
  test.each(
    named<{ what: string; inputs: Partial<RuntimeSyncInputs> }>([
      {
        what: "a server is declared more",
        inputs: { servers: [...planTopology(settingsOf({ count: "4" })).servers] },
      },
      { what: "a server is declared less", inputs: { servers: servers.slice(0, 2) } },
      { what: "the config file says something else", inputs: { revision: "fedcba9876543210" } },
      { what: "the HAProxy container is a new one", inputs: { haproxyContainerId: "decaf" } },
      {
        what: "the runtime API has another port",
        inputs: { endpoint: { kind: "tcp", host: "127.0.0.1", port: 9998 } },
      },
      { what: "HTTPS is declared", inputs: { certificate: { path: "", digest: "d1", fingerprint: "AA" } } },
      { what: "sessions get another time to end", inputs: { drainTimeoutMs: 1 } },
      { what: "new servers get another time to be up", inputs: { readyTimeoutMs: 1 } },
    ]),
  )("when %s", (_what, { inputs }) => {
    expect(runtimeSync.differs(STATE, { ...INPUTS, ...inputs })).toBe(true);
  });

  test.each(
    named<{ what: string; state: Partial<RuntimeSyncState> }>([
      { what: "HAProxy was down", state: { running: undefined } },
      { what: "a server is gone", state: { running: running(servers.slice(1).map(asAdded)) } },
      {
        what: "a server is in maintenance",
        state: { running: running(servers.map((server) => ({ ...asAdded(server), adminBits: 1 }))) },
      },
      { what: "a server is down, the rest as declared", state: { running: down("s2") } },
      { what: "HAProxy runs an older config", state: { running: running(servers.map(asAdded), "older") } },
      { what: "HAProxy's config names no revision", state: { running: running(servers.map(asAdded), "") } },
    ]),
  )("when %s", (_what, { state }) => {
    expect(runtimeSync.differs(kept({ ...STATE, ...state }), INPUTS)).toBe(true);
  });
});
