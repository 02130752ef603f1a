import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CONFIG_KEYS, type Mistake, parseSettings, type Settings, SettingsError } from "../../src/settings.ts";
import { PROJECT_DEFAULTS, pulumiConfig, type StackConfig, settingsOf, stackFile } from "./pulumi-config.ts";

/** What a config is refused with. Fails when it is accepted, or anything but a SettingsError is thrown. */
function refusalOf(parse: () => Settings): SettingsError {
  try {
    parse();
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error("the config is accepted");
}

const refusal = (stackConfig: StackConfig): SettingsError => refusalOf(() => settingsOf(stackConfig));
const keysOf = ({ mistakes }: SettingsError): string[] => mistakes.map(({ key }) => key);

describe("the defaults of Pulumi.yaml", () => {
  test("are declared for exactly the keys that the settings know", () => {
    expect([...PROJECT_DEFAULTS.keys()].sort()).toEqual([...CONFIG_KEYS].sort());
  });

  test("reach the program as Pulumi hands them over: nested, as JSON, numbers as numbers", () => {
    const config = pulumiConfig();
    expect(config).toMatchObject({ mode: "sticky", count: "3", haproxyImage: "haproxy:3.2" });
    expect(JSON.parse(config.ports ?? "")).toEqual({ http: 8080, runtime: 9999, stats: 8404 });
    expect(JSON.parse(config.app ?? "")).toMatchObject({ port: 9898, readyPath: "/readyz", env: {} });
  });

  test("make a stack of three podinfo containers", () => {
    expect(settingsOf()).toEqual({
      stack: "demo",
      mode: "sticky",
      count: 3,
      app: {
        image: "stefanprodan/podinfo:6.9.2",
        port: 9898,
        readyPath: "/readyz",
        command: ["./podinfo", "--port=9898", "--level=debug"],
        env: {},
      },
      balancers: 1,
      haproxyImage: "haproxy:3.2",
      subnet: { cidr: "172.28.10.0/24", first: 0xac1c0a00, last: 0xac1c0aff },
      bind: "127.0.0.1",
      ports: { http: 8080, runtime: 9999, stats: 8404 },
      drainTimeoutMs: 30_000,
      readyTimeoutMs: 60_000,
    });
  });

  test("are completed by the committed stack files to two stacks that share no port and no address", () => {
    const sticky = settingsOf(stackFile("sticky"), "sticky");
    const hash = settingsOf(stackFile("hash"), "hash");
    expect([sticky.mode, hash.mode]).toEqual(["sticky", "hash"]);
    expect(hash.subnet.first).toBeGreaterThan(sticky.subnet.last);
    expect(new Set([...Object.values(sticky.ports), ...Object.values(hash.ports)]).size).toBe(6);
  });
});

describe("a nested key", () => {
  test.each<{ spelling: string; config: StackConfig }>([
    { spelling: "as an object, as `pulumi config set --path` writes it", config: { app: { port: 80, env: { LEVEL: "7" } }, ports: { http: 8081 } } },
    { spelling: "flat, as `pulumi config set` writes it", config: { "app.port": "80", "app.env": '{"LEVEL":"7"}', "ports.http": "8081" } },
    { spelling: "flat, one environment variable at a time", config: { "app.port": "80", "app.env.LEVEL": "7", "ports.http": "8081" } },
    {
      spelling: "in both ways, where the flat one wins",
      config: { app: { port: 90, env: { LEVEL: "9" } }, "app.port": "80", "app.env.LEVEL": "7", "ports.http": "8081" },
    },
  ])("may be spelled $spelling", ({ config }) => {
    const { app, ports } = settingsOf(config);
    expect(app).toMatchObject({ port: 80, env: { LEVEL: "7" }, readyPath: "/readyz" });
    expect(ports).toEqual({ http: 8081, runtime: 9999, stats: 8404 });
  });

  test("names the port in the app's command, wherever {port} stands", () => {
    const config = { app: { port: 81, command: ["serve", "{port}", "--to={port}:{port}"] } };
    expect(settingsOf(config).app.command).toEqual(["serve", "81", "--to=81:81"]);
  });

  test("means the same whatever the order of the keys", () => {
    const config = pulumiConfig({ "app.env": '{"A":"1","B":"1"}', "app.env.B": "2", "app.port": "80", "ports.http": "8081" });
    const expected = parseSettings("demo", config);
    expect(expected.app.env).toEqual({ A: "1", B: "2" });
    fc.assert(
      fc.property(fc.shuffledSubarray(Object.entries(config), { minLength: Object.keys(config).length }), (entries) => {
        expect(parseSettings("demo", Object.fromEntries(entries))).toEqual(expected);
      }),
    );
  });
});

describe("a value at the border of what is allowed is accepted", () => {
  test.each<{ key: string; value: string; get: (settings: Settings) => unknown; expected: unknown }>([
    { key: "mode", value: "hash", get: ({ mode }) => mode, expected: "hash" },
    { key: "count", value: "0", get: ({ count }) => count, expected: 0 },
    { key: "count", value: "244", get: ({ count }) => count, expected: 244 },
    {
      key: "app.image",
      value: "registry.example.com:5000/team/app_1:v1.2-rc",
      get: ({ app }) => app.image,
      expected: "registry.example.com:5000/team/app_1:v1.2-rc",
    },
    { key: "app.image", value: `app@sha256:${"0a".repeat(32)}`, get: ({ app }) => app.image, expected: `app@sha256:${"0a".repeat(32)}` },
    { key: "app.port", value: "1", get: ({ app }) => app.port, expected: 1 },
    { key: "app.port", value: "65535", get: ({ app }) => app.port, expected: 65535 },
    { key: "app.readyPath", value: "/", get: ({ app }) => app.readyPath, expected: "/" },
    { key: "app.readyPath", value: "/health/%20?full=1&x=a+b,c:d@e", get: ({ app }) => app.readyPath, expected: "/health/%20?full=1&x=a+b,c:d@e" },
    { key: "app.command", value: "[]", get: ({ app }) => app.command, expected: [] },
    { key: "app.command", value: '["sh","-c","a; b \\"c\\" $D"]', get: ({ app }) => app.command, expected: ["sh", "-c", 'a; b "c" $D'] },
    { key: "app.env", value: '{"_A1":7,"B":true,"C":"x y"}', get: ({ app }) => app.env, expected: { _A1: "7", B: "true", C: "x y" } },
    { key: "subnet", value: "10.0.0.0/16", get: ({ subnet }) => subnet.cidr, expected: "10.0.0.0/16" },
    { key: "bind", value: "0.0.0.0", get: ({ bind }) => bind, expected: "0.0.0.0" },
    { key: "ports.http", value: "1024", get: ({ ports }) => ports.http, expected: 1024 },
    { key: "ports.http", value: "65535", get: ({ ports }) => ports.http, expected: 65535 },
    { key: "drainTimeout", value: "0s", get: ({ drainTimeoutMs }) => drainTimeoutMs, expected: 0 },
    { key: "drainTimeout", value: "500ms", get: ({ drainTimeoutMs }) => drainTimeoutMs, expected: 500 },
    { key: "drainTimeout", value: "1440m", get: ({ drainTimeoutMs }) => drainTimeoutMs, expected: 86_400_000 },
    { key: "drainTimeout", value: "45", get: ({ drainTimeoutMs }) => drainTimeoutMs, expected: 45_000 },
    { key: "readyTimeout", value: "1000ms", get: ({ readyTimeoutMs }) => readyTimeoutMs, expected: 1_000 },
    { key: "readyTimeout", value: "60m", get: ({ readyTimeoutMs }) => readyTimeoutMs, expected: 3_600_000 },
  ])("$key = $value", ({ key, value, get, expected }) => {
    expect(get(settingsOf({ [key]: value }))).toEqual(expected);
  });
});

const JSON_KEYS = ["app.command", "app.env"];

describe("a bad value is refused with its key, the value and what is allowed", () => {
  test.each<[key: string, values: readonly string[], allowed: RegExp]>([
    ["mode", ["", "Sticky", "leastconn", "sticky "], /sticky or hash/],
    ["count", ["", "-1", "1001", "3.5", "three", "1e2", " 3", "99999999999999999999"], /0 to 1000/],
    ["app.image", ["", "Podinfo", "pod info", "podinfo:", ":6", "podinfo;rm", "a\nb", 'a"b', `a${"b".repeat(255)}`], /Docker image reference/],
    ["app.port", ["0", "65536", "-80", "http"], /1 to 65535/],
    ["app.readyPath", ["", "readyz", "/a b", "/a\nb", '/"', "/'", "/#", "/$x", "/a;b", "/\\", "/é", `/${"a".repeat(256)}`], /URL path/],
    ["app.command", ["./podinfo", '"x"', "{}", '[""]', "[1]", '["a\\nb"]'], /list of words/],
    ["app.env", ["x", "[]", "null", '{"1A":"x"}', '{"A B":"x"}', '{"A=B":"x"}', '{"A":"x\\ny"}', '{"A":{}}', '{"A":null}'], /map of names/],
    ["balancers", ["0", "2", "one"], /^1 /],
    ["haproxyImage", ["", "HAProxy", "haproxy 3.2"], /Docker image reference/],
    [
      "subnet",
      ["", "172.28.10.0", "172.28.10.1/24", "172.28.10.0/15", "172.28.10.0/29", "8.8.8.0/24", "fd00::/64", "172.28.10.0/24/8", "172.28.010.0/24"],
      /private IPv4/,
    ],
    ["bind", ["", "localhost", "::1", "127.1", "127.0.0.1:80", "256.0.0.1", "127.0.0.01"], /IPv4 address/],
    ["ports.http", ["0", "80", "1023", "65536", "http"], /1024 to 65535/],
    ["ports.runtime", ["443"], /1024 to 65535/],
    ["ports.stats", ["1"], /1024 to 65535/],
    ["drainTimeout", ["", "-1s", "1h", "1441m", "30 s", "30S", "1.5s", "s", "forever"], /0s to 1440m/],
    ["readyTimeout", ["0", "999ms", "61m", "1h"], /1s to 60m/],
  ])("%s", (key, values, allowed) => {
    for (const value of values) {
      const error = refusal({ [key]: value });
      expect(error.mistakes, JSON.stringify(value)).toHaveLength(1);
      const [mistake] = error.mistakes;
      expect(mistake).toMatchObject({ key, allowed: expect.stringMatching(allowed) });
      if (!JSON_KEYS.includes(key)) expect(mistake?.given).toBe(value);
      expect(error.message).toContain(`${key}: ${JSON.stringify(mistake?.given)} is refused; allowed: ${mistake?.allowed}`);
    }
  });

  test("an unknown key is named with the keys that there are", () => {
    const error = refusal({ cuont: "4", app: { prot: 1 }, "ports.https": "8443" });
    expect(keysOf(error).sort()).toEqual(["app.prot", "cuont", "ports.https"]);
    expect(error.message).toContain('cuont: "4" is refused; allowed: no such key; the keys are mode, count, app.image');
  });

  test.each(["podinfo", "[]", "7", "null"])("app = %s is no map of app's keys", (text) => {
    const config = { ...pulumiConfig(), app: text };
    expect(keysOf(refusalOf(() => parseSettings("demo", config)))).toContain("app");
  });

  test.each(["", "-x", ".x", "a b", "a/b", "a\n", "ä", "a".repeat(41)])("the stack name %j", (stack) => {
    expect(keysOf(refusalOf(() => parseSettings(stack, pulumiConfig())))).toEqual(["stack name"]);
  });

  test("a missing value is told as nothing", () => {
    const { count: _, ...config } = pulumiConfig();
    expect(refusalOf(() => parseSettings("demo", config)).message).toContain("count: nothing is refused");
  });

  test("a long image name is refused at once", () => {
    const start = performance.now();
    expect(keysOf(refusal({ "app.image": `a${"_".repeat(26)}!` }))).toEqual(["app.image"]);
    expect(performance.now() - start).toBeLessThan(100);
  });
});

describe("values that are fine alone", () => {
  test.each([
    { subnet: "172.28.10.0/28", capacity: 4 },
    { subnet: "172.28.10.0/27", capacity: 20 },
    { subnet: "172.28.10.0/24", capacity: 244 },
    { subnet: "172.28.0.0/16", capacity: 1000 },
  ])("count may be $capacity in $subnet, and no more", ({ subnet, capacity }) => {
    expect(settingsOf({ subnet, count: String(capacity) }).count).toBe(capacity);
    expect(keysOf(refusal({ subnet, count: String(capacity + 1) }))).toEqual(["count"]);
  });

  test("are refused where the count is too much for the subnet, with what the subnet holds", () => {
    expect(refusal({ subnet: "172.28.10.0/28", count: "5" }).mistakes).toEqual([
      { key: "count", given: 5, allowed: "0 to 4, the app addresses of subnet 172.28.10.0/28" },
    ]);
  });

  test.each<{ ports: object; mistakes: readonly Mistake[] }>([
    {
      ports: { http: 9000, runtime: 9000, stats: 9001 },
      mistakes: [{ key: "ports.runtime", given: 9000, allowed: "a port that ports.http (9000) does not use" }],
    },
    {
      ports: { http: 9000, runtime: 9001, stats: 9000 },
      mistakes: [{ key: "ports.stats", given: 9000, allowed: "a port that ports.http (9000) does not use" }],
    },
    {
      ports: { http: 9001, runtime: 9000, stats: 9000 },
      mistakes: [{ key: "ports.stats", given: 9000, allowed: "a port that ports.runtime (9000) does not use" }],
    },
  ])("are refused where two ports are one: $ports", ({ ports, mistakes }) => {
    expect(refusal({ ports }).mistakes).toEqual(mistakes);
  });
});

test("all mistakes are told at once, one a line", () => {
  const error = refusalOf(() =>
    parseSettings(
      "my stack",
      pulumiConfig({ mode: "x\ny", count: "-1", app: { image: "", port: 0 }, bind: "here", ports: { http: 80 }, drainTimeout: "1h", speed: "9" }),
    ),
  );
  expect(error.message.split("\n")).toEqual([
    'the config of stack "my stack" has 9 mistakes:',
    expect.stringContaining('- stack name: "my stack" is refused'),
    expect.stringContaining('- speed: "9" is refused'),
    expect.stringContaining('- mode: "x\\ny" is refused'),
    expect.stringContaining('- count: "-1" is refused'),
    expect.stringContaining('- app.image: "" is refused'),
    expect.stringContaining("- app.port: 0 is refused"),
    expect.stringContaining('- bind: "here" is refused'),
    expect.stringContaining("- ports.http: 80 is refused"),
    expect.stringContaining('- drainTimeout: "1h" is refused'),
  ]);
});

test("one mistake is counted as one", () => {
  expect(refusal({ mode: "x" }).message).toMatch(/^the config of stack "demo" has 1 mistake:\n {2}- mode: "x" is refused; allowed: sticky or hash$/);
});

const hostileChar = fc.oneof(
  fc.constantFrom(";", "\n", "\r", "\0", "\x1b", "\x7f"),
  fc.integer({ min: 0, max: 31 }).map((code) => String.fromCharCode(code)),
);
const DEFAULT_TEXTS = {
  "app.image": "haproxy:3.2",
  "app.readyPath": "/readyz",
  subnet: "172.28.10.0/24",
  bind: "127.0.0.1",
  mode: "sticky",
  haproxyImage: "haproxy:3.2",
};

describe("hostile text", () => {
  test.each(Object.entries(DEFAULT_TEXTS))("with a control character or ';' is never accepted for %s", (key, good) => {
    const around = fc.oneof(fc.constantFrom("", good, `${good}/`, `${good} `, good.slice(0, 3)), fc.string({ unit: "binary", maxLength: 20 }));
    fc.assert(
      fc.property(around, hostileChar, around, (before, char, after) => {
        expect(keysOf(refusal({ [key]: before + char + after }))).toContain(key);
      }),
      { numRuns: 300 },
    );
  });

  const anyKey = fc.oneof(fc.constantFrom(...CONFIG_KEYS, "app", "ports", "app.env.A"), fc.string({ unit: "binary", maxLength: 12 }));
  const anyText = fc.oneof(fc.string({ unit: "binary", maxLength: 30 }), fc.json(), fc.constantFrom(..."1 80 8080 a /a 10.0.0.0/24 30s".split(" ")));

  test("gives settings or a SettingsError with one line a mistake, and nothing else", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 8 }),
        fc.dictionary(anyKey, anyText, { maxKeys: 6 }),
        fc.boolean(),
        (stack, own, isComplete) => {
          try {
            parseSettings(stack, isComplete ? { ...pulumiConfig(), ...own } : own);
          } catch (error) {
            expect(error).toBeInstanceOf(SettingsError);
            if (error instanceof SettingsError) expect(error.message.split("\n")).toHaveLength(1 + error.mistakes.length);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test("in the name of an unknown key stays on its line", () => {
    const error = refusal({ "a\n  - count: nice": "x" });
    expect(error.message.split("\n")).toHaveLength(2);
  });
});
