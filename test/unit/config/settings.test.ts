import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSettings } from "../../../src/config/settings-parser.ts";
import { CONFIG_KEYS } from "../../../src/stack/schema.ts";
import type { Settings } from "../../../src/stack/settings.ts";
import type { Mistake } from "../../../src/stack/settings-error.ts";
import { named } from "../../harness/named.ts";
import {
  completed,
  PROJECT_DEFAULTS,
  pulumiConfig,
  type StackConfig,
  settingsOf,
  stackFile,
} from "../../harness/pulumi-config.ts";
import { KEYS } from "../hostile/config-places.ts";
import { keysOf, refusal } from "../refusal.ts";

const READYZ = { path: "/readyz", status: "200-399" };

describe("the defaults of Pulumi.yaml", () => {
  test("are declared for exactly the keys that the settings know", () => {
    expect([...PROJECT_DEFAULTS.keys()].sort()).toEqual([...CONFIG_KEYS.keys()].sort());
  });

  test("reach the program as Pulumi hands them over: nested, as JSON, numbers as numbers", () => {
    const config = pulumiConfig();
    expect(config).toMatchObject({ mode: "sticky", count: "3", haproxyImage: "haproxy:3.2" });
    expect(JSON.parse(config.ports ?? "")).toEqual({
      ...{ http: 8080, https: 8443, runtime: 9999, runtimeTls: 9443, stats: 8404 },
      ...{ prometheus: 9090, grafana: 3000 },
    });
    expect(JSON.parse(config.app ?? "")).toMatchObject({
      port: "",
      command: "",
      security: "docker",
      env: {},
    });
  });

  test.each(Object.entries(KEYS))("stand for %s", (_key, { initial, taken, beside }) => {
    expect(taken(settingsOf(beside))).toEqual(initial);
  });

  test("leave out what is off", () => {
    const { stack, tls, runtimeTls, monitoring } = settingsOf();
    expect({ stack, tls, runtimeTls, monitoring }).toEqual({
      stack: "demo",
      tls: undefined,
      runtimeTls: undefined,
      monitoring: undefined,
    });
  });

  test("are what the settings have without them", () => {
    expect(completed(parseSettings("demo", {}))).toEqual(settingsOf());
  });

  test("are completed by the committed stack files to two stacks that share no port and no address", () => {
    const sticky = settingsOf({ ...stackFile("sticky"), monitoring: "true" }, "sticky");
    const hash = settingsOf({ ...stackFile("hash"), monitoring: "true" }, "hash");
    expect([sticky.mode, hash.mode]).toEqual(["sticky", "hash"]);
    expect(hash.subnet.first).toBeGreaterThan(sticky.subnet.last);
    const ports = [sticky, hash].flatMap((settings) => [
      ...Object.values(settings.ports),
      ...Object.values(settings.monitoring?.ports ?? {}),
    ]);
    expect(ports).toHaveLength(14);
    expect(new Set(ports).size).toBe(14);
  });
});

describe("a nested key", () => {
  test.each(
    named<{ what: string; config: StackConfig }>([
      {
        what: "as an object, as `pulumi config set --path` writes it",
        config: { app: { port: 80, env: { LEVEL: "7" } }, ports: { http: 8081 } },
      },
      {
        what: "flat, as `pulumi config set` writes it",
        config: { "app.port": "80", "app.env": '{"LEVEL":"7"}', "ports.http": "8081" },
      },
      {
        what: "flat, one environment variable at a time",
        config: { "app.port": "80", "app.env.LEVEL": "7", "ports.http": "8081" },
      },
      {
        what: "in both ways, where the flat one wins",
        config: {
          app: { port: 90, env: { LEVEL: "9" } },
          "app.port": "80",
          "app.env.LEVEL": "7",
          "ports.http": "8081",
        },
      },
    ]),
  )("may be spelled %s", (_what, { config }) => {
    const { app, ports } = settingsOf(config);
    expect(app).toMatchObject({ port: 80, env: { LEVEL: "7" }, check: READYZ });
    expect(ports).toEqual({ http: 8081, https: 8443, runtime: 9999, runtimeTls: 9443, stats: 8404 });
  });

  test("names the port in the app's command, wherever {port} stands", () => {
    const config = { app: { port: 81, command: ["serve", "{port}", "--to={port}:{port}"] } };
    expect(settingsOf(config).app.command).toEqual(["serve", "81", "--to=81:81"]);
  });

  test("of a list may be a text of JSON, the only form in which `pulumi config set` writes []", () => {
    const { app } = settingsOf({ app: { command: "[]", env: '{"LEVEL":"7"}' } });
    expect(app).toMatchObject({ command: [], env: { LEVEL: "7" } });
  });

  test("means the same whatever the order of the keys", () => {
    const config = pulumiConfig({
      "app.env": '{"A":"1","B":"1"}',
      "app.env.B": "2",
      "app.port": "80",
      "ports.http": "8081",
    });
    const expected = parseSettings("demo", config);
    expect(expected.app.env).toEqual({ A: "1", B: "2" });
    fc.assert(
      fc.property(
        fc.shuffledSubarray(Object.entries(config), { minLength: Object.keys(config).length }),
        (entries) => {
          expect(parseSettings("demo", Object.fromEntries(entries))).toEqual(expected);
        },
      ),
    );
  });
});

describe("a value at the border of what is allowed is accepted", () => {
  test.each<{ key: string; value: string; get: (settings: Settings) => unknown; expected: unknown }>([
    { key: "mode", value: "hash", get: ({ mode }) => mode, expected: "hash" },
    { key: "count", value: "0", get: ({ count }) => count, expected: 0 },
    { key: "count", value: "228", get: ({ count }) => count, expected: 228 },
    {
      key: "app.image",
      value: "registry.example.com:5000/team/app_1:v1.2-rc",
      get: ({ app }) => app.image,
      expected: "registry.example.com:5000/team/app_1:v1.2-rc",
    },
    {
      key: "app.image",
      value: `app@sha256:${"0a".repeat(32)}`,
      get: ({ app }) => app.image,
      expected: `app@sha256:${"0a".repeat(32)}`,
    },
    { key: "app.port", value: "1", get: ({ app }) => app.port, expected: 1 },
    { key: "app.port", value: "65535", get: ({ app }) => app.port, expected: 65535 },
    { key: "app.readyPath", value: "/", get: ({ app }) => app.check.path, expected: "/" },
    {
      key: "app.readyPath",
      value: "/health/%20?full=1&x=a+b,c:d@e",
      get: ({ app }) => app.check.path,
      expected: "/health/%20?full=1&x=a+b,c:d@e",
    },
    { key: "app.command", value: "[]", get: ({ app }) => app.command, expected: [] },
    {
      key: "app.command",
      value: '["sh","-c","a; b \\"c\\" $D"]',
      get: ({ app }) => app.command,
      expected: ["sh", "-c", 'a; b "c" $D'],
    },
    {
      key: "app.env",
      value: '{"_A1":7,"B":true,"C":"x y"}',
      get: ({ app }) => app.env,
      expected: { _A1: "7", B: "true", C: "x y" },
    },
    { key: "subnet", value: "10.0.0.0/16", get: ({ subnet }) => subnet.cidr, expected: "10.0.0.0/16" },
    { key: "bind", value: "0.0.0.0", get: ({ bind }) => bind, expected: "0.0.0.0" },
    { key: "ports.http", value: "1024", get: ({ ports }) => ports.http, expected: 1024 },
    { key: "ports.http", value: "65535", get: ({ ports }) => ports.http, expected: 65535 },
    { key: "drainTimeout", value: "0s", get: ({ drainTimeoutMs }) => drainTimeoutMs, expected: 0 },
    { key: "drainTimeout", value: "500ms", get: ({ drainTimeoutMs }) => drainTimeoutMs, expected: 500 },
    {
      key: "drainTimeout",
      value: "1440m",
      get: ({ drainTimeoutMs }) => drainTimeoutMs,
      expected: 86_400_000,
    },
    { key: "drainTimeout", value: "45", get: ({ drainTimeoutMs }) => drainTimeoutMs, expected: 45_000 },
    { key: "readyTimeout", value: "1000ms", get: ({ readyTimeoutMs }) => readyTimeoutMs, expected: 1_000 },
    { key: "readyTimeout", value: "60m", get: ({ readyTimeoutMs }) => readyTimeoutMs, expected: 3_600_000 },
  ])("$key = $value", ({ key, value, get, expected }) => {
    expect(get(settingsOf({ [key]: value }))).toEqual(expected);
  });
});

describe("TLS", () => {
  test.each<{ config: StackConfig; tls: Settings["tls"] }>([
    { config: {}, tls: undefined },
    {
      config: { "tls.certificate": "certs/site.pem" },
      tls: { certificate: { kind: "file", path: "certs/site.pem" }, redirect: false },
    },
    {
      config: { tls: { selfSigned: true, redirect: true } },
      tls: { certificate: { kind: "self-signed" }, redirect: true },
    },
  ])("is on with a certificate: $config", ({ config, tls }) => {
    expect(settingsOf(config).tls).toEqual(tls);
  });

  test("has a certificate of one kind, and redirects only where it is on", () => {
    expect(refusal({ "tls.certificate": "x.pem", "tls.selfSigned": "true" }).mistakes).toEqual([
      { key: "tls.selfSigned", given: true, allowed: "false, where tls.certificate names a file" },
    ]);
    expect(refusal({ "tls.redirect": "true" }).mistakes).toEqual([
      { key: "tls.redirect", given: true, allowed: "false, without tls.certificate or tls.selfSigned" },
    ]);
  });

  test("takes a port that must be free of others, and none where it is off", () => {
    expect(keysOf(refusal({ "tls.selfSigned": "true", "ports.http": "8443" }))).toEqual(["ports.https"]);
    expect(settingsOf({ "ports.http": "8443" }).ports.http).toBe(8443);
  });
});

describe("the runtime API by TLS", () => {
  test("is off unless it is enabled", () => {
    expect(
      settingsOf({ "runtimeTls.host": "10.0.0.1", "runtimeTls.rotation": "2" }).runtimeTls,
    ).toBeUndefined();
    expect(settingsOf({ "runtimeTls.enabled": "true" }).runtimeTls).toEqual({
      bind: "0.0.0.0",
      host: "",
      rotation: "1",
    });
  });

  test.each(["docker.example.com", "10.0.0.1", "a", "A-1.b"])("is reached at a host such as %s", (host) => {
    expect(settingsOf({ runtimeTls: { enabled: true, host, rotation: 7 } }).runtimeTls).toEqual({
      bind: "0.0.0.0",
      host,
      rotation: "7",
    });
  });

  test("takes a port that must be free of others, and none where it is off", () => {
    expect(keysOf(refusal({ "runtimeTls.enabled": "true", "ports.stats": "9443" }))).toEqual(["ports.stats"]);
    expect(settingsOf({ "ports.stats": "9443" }).ports.stats).toBe(9443);
  });
});

describe("values that are fine alone", () => {
  test.each([
    { subnet: "172.28.10.0/28", capacity: 3 },
    { subnet: "172.28.10.0/27", capacity: 18 },
    { subnet: "172.28.10.0/24", capacity: 228 },
    { subnet: "172.28.0.0/16", capacity: 1000 },
  ])("count may be $capacity in $subnet, and no more", ({ subnet, capacity }) => {
    expect(settingsOf({ subnet, count: String(capacity) }).count).toBe(capacity);
    expect(keysOf(refusal({ subnet, count: String(capacity + 1) }))).toEqual(["count"]);
  });

  test("are refused where HAProxy's memory does not hold its buffers, with what it holds", () => {
    const beside = { "haproxy.memory": "64m", "session.size": "1k" };
    expect(settingsOf({ ...beside, "haproxy.buffer": "256k" }).traffic.bufferBytes).toBe(262_144);
    expect(refusal({ ...beside, "haproxy.buffer": "257k" }).mistakes).toEqual([
      { key: "haproxy.buffer", given: "257k", allowed: "16k to 256k, 1/256 of haproxy.memory 64m" },
    ]);
  });

  test("are refused where the count is too much for the subnet, with what the subnet holds", () => {
    expect(refusal({ subnet: "172.28.10.0/28", count: "4" }).mistakes).toEqual([
      { key: "count", given: 4, allowed: "0 to 3, the app addresses of subnet 172.28.10.0/28" },
    ]);
  });

  test("are refused where hash mode had to count connections, or sessions fill HAProxy's memory", () => {
    expect(refusal({ mode: "hash", balance: "leastconn" }).mistakes).toEqual([
      {
        ...{ key: "balance", given: "leastconn" },
        allowed: "roundrobin or random in mode hash, where HAProxy counts no connections",
      },
    ]);
    const many = { "session.size": "1000k", "haproxy.memory": "512m" };
    expect(refusal(many).mistakes).toEqual([
      {
        ...{ key: "session.size", given: 1_024_000 },
        allowed: "at most 671088 with haproxy.memory 512m, half of which they may take",
      },
    ]);
    expect(() => settingsOf({ ...many, "haproxy.memory": "1g" })).not.toThrow();
    expect(() => settingsOf({ ...many, mode: "hash" })).not.toThrow();
  });

  test.each<{ ports: object; mistakes: readonly Mistake[] }>([
    {
      ports: { http: 9000, runtime: 9000, stats: 9001 },
      mistakes: [
        { key: "ports.runtime", given: 9000, allowed: "a port that ports.http (9000) does not use" },
      ],
    },
    {
      ports: { http: 9000, runtime: 9001, stats: 9000 },
      mistakes: [{ key: "ports.stats", given: 9000, allowed: "a port that ports.http (9000) does not use" }],
    },
    {
      ports: { http: 9001, runtime: 9000, stats: 9000 },
      mistakes: [
        { key: "ports.stats", given: 9000, allowed: "a port that ports.runtime (9000) does not use" },
      ],
    },
  ])("are refused where two ports are one: $ports", ({ ports, mistakes }) => {
    expect(refusal({ ports }).mistakes).toEqual(mistakes);
  });

  test.each<{ config: StackConfig; keys: readonly string[] }>([
    { config: { monitoring: "true", ports: { prometheus: 8080 } }, keys: ["ports.prometheus"] },
    { config: { monitoring: "true", ports: { grafana: 9090 } }, keys: ["ports.grafana"] },
    { config: { monitoring: "true", balancers: "3", ports: { grafana: 8082 } }, keys: ["ports.grafana"] },
    { config: { monitoring: "true", balancers: "3", ports: { grafana: 8083 } }, keys: [] },
    { config: { monitoring: "true", balancers: "3", ports: { http: 9089 } }, keys: ["ports.prometheus"] },
    { config: { monitoring: "false", ports: { prometheus: 8080, grafana: 8080 } }, keys: [] },
  ])("are refused where a port of Prometheus or Grafana is in use: $config", ({ config, keys }) => {
    const parse = () => settingsOf(config);
    if (keys.length === 0) expect(parse).not.toThrow();
    else expect(keysOf(refusal(config))).toEqual(keys);
  });
});

test("monitoring names its images and ports, and is nothing without", () => {
  expect(
    settingsOf({ monitoring: "true", grafanaImage: "grafana/grafana:13.2.3", "ports.grafana": "3002" })
      .monitoring,
  ).toEqual({
    prometheusImage: "prom/prometheus:v3.5.3",
    grafanaImage: "grafana/grafana:13.2.3",
    ports: { prometheus: 9090, grafana: 3002 },
  });
  expect(settingsOf({ monitoring: "false", "ports.grafana": "3002" }).monitoring).toBeUndefined();
});
