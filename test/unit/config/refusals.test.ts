import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSettings } from "../../../src/config/settings-parser.ts";
import { CONFIG_KEYS } from "../../../src/stack/schema.ts";
import { SettingsError } from "../../../src/stack/settings-error.ts";
import { pulumiConfig } from "../../harness/pulumi-config.ts";
import { keysOf, refusal, refusalOf } from "../refusal.ts";

const JSON_KEYS = [
  ...["app.command", "app.env", "app.tmpfs", "app.capabilities", "trustedProxies", "retries.on"],
  ...["app.files", "app.volumes", "app.networks", "app.labels"],
  ...["swarm.managers", "machines"],
];

/** A machine with something of its own, as JSON. */
const machine = (own: object): string =>
  JSON.stringify({ a: { engine: "tcp://10.0.0.1:2375", address: "10.0.0.1", ...own } });
/** Engines that are none, or that a message would tell with a password. */
const BAD_ENGINES = [
  ...["", "10.0.0.1", "tcp://10.0.0.1", "tcp://a:0x1", "tcp://a:1/x", "tcp://a:65536", "unix://", "unix://a"],
  ...["http://a:1", "npipe:////./pipe/docker", "tcp://ada:s3cret@a:1", "ssh://ada:s3cret@a", "ssh://-oX=y@a"],
  ...["ssh://-a", "ssh://a:70000", "ssh://a/x", "ssh://a;id", "tcp://a:1;", "tcp://a:1\n", "unix:///a b"],
  ...["tcp://[::::]:1", "tcp://$HOST:1", `tcp://${"a".repeat(255)}:1`],
];

describe("a bad value is refused with its key, the value and what is allowed", () => {
  test.each<[key: string, values: readonly string[], allowed: RegExp]>([
    ["mode", ["", "Sticky", "leastconn", "sticky "], /sticky or hash/],
    ["count", ["", "-1", "1001", "3.5", "three", "1e2", " 3", "99999999999999999999"], /0 to 1000/],
    [
      "app.image",
      ["", "Podinfo", "pod info", "podinfo:", ":6", "podinfo;rm", "a\nb", 'a"b', `a${"b".repeat(255)}`],
      /Docker image reference/,
    ],
    ["app.port", ["0", "65536", "-80", "http"], /1 to 65535/],
    [
      "app.readyPath",
      ["readyz", "/a b", "/a\nb", '/"', "/'", "/#", "/$x", "/a;b", "/\\", "/é", `/${"a".repeat(256)}`],
      /URL path/,
    ],
    ["app.command", ["./podinfo", '"x"', "{}", '[""]', "[1]", '["a\\nb"]'], /list of words/],
    [
      "app.env",
      [
        "x",
        "[]",
        "null",
        '{"":"x"}',
        '{"A=B":"x"}',
        '{"A\\nB":"x"}',
        '{"A":"x\\u0000y"}',
        '{"A":{}}',
        '{"A":null}',
        '{"__proto__":"x"}',
      ],
      /map of names/,
    ],
    ["app.user", ["a b", "0x1", "A", "a;b", "a\nb", "1000:", ":", "a:b:c"], /by name or number/],
    ["app.security", ["", "Docker", "none"], /docker or restricted/],
    ["app.readOnly", ["yes", "0", "True"], /true or false/],
    [
      "app.tmpfs",
      [
        "/tmp",
        "[1]",
        '["tmp"]',
        '["/"]',
        '["/a b"]',
        '["/a/.."]',
        '["/./a"]',
        '["/a:rw"]',
        '["/a/"]',
        '["/a,size=9"]',
        '["/a:size=0m"]',
        '["/a:size=9m,rw"]',
      ],
      /absolute paths/,
    ],
    ["app.capabilities", ["ALL", '["net_bind_service"]', '["A B"]', "{}"], /Linux capabilities/],
    ["app.allowPrivilegeEscalation", ["no"], /true or false/],
    ["app.memory", ["", "15m", "512", "512M", "1.5g", "1025g", "-1m", "512mb"], /16m to 1024g/],
    ["app.pids", ["0", "15", "65537", "many"], /16 to 65536/],
    ["app.openFiles", ["1023", "1048577"], /1024 to 1048576/],
    [
      "app.files",
      ["1023", "1048577", '{"a":"x"}', '{"/a/../b":"x"}', '{"/a:b":"x"}', '{"/a":"x\\u0000"}', '["/a"]'],
      /map of absolute paths .* 1024 to 1048576/,
    ],
    [
      "app.volumes",
      [
        "a:/b",
        '["a"]',
        '["/"]',
        '["a:b"]',
        '["a:/"]',
        '["a:/b:rw"]',
        '["a:/b{n}"]',
        '["../a:/b"]',
        '["a;b:/c"]',
      ],
      /NAME:\/path/,
    ],
    ["app.networks", ["db", '["a b"]', '["-a"]', "[1]", '[""]'], /Docker networks/],
    ["app.labels", ['{"balancer.stack":"x"}', '{"a b":"x"}', '{"":"x"}', "[]"], /not balancer\.\*/],
    ["app.hostname", ["-a", "a b", "a_b", "a-", "{m}"], /host name/],
    ["app.stopSignal", ["SIG", "quit", "0", "65", "SIGQUIT;x"], /signal such as SIGQUIT/],
    ["app.stopTimeout", ["-1s", "61m", "soon"], /0s to 60m/],
    ["haproxy.memory", ["63m", "x"], /64m to 1024g/],
    ["haproxy.pids", ["1"], /16 to 65536/],
    ["haproxy.files", ["1"], /1024 to 1048576/],
    ["haproxy.buffer", ["", "15k", "16384", "2m", "16K"], /16k to 1m/],
    [
      "trustedProxies",
      ["10.0.0.1", '["proxy.test"]', '["10.0.0.0/33"]', '["10.0.0.1-9"]', '["fe80::1%eth0"]', '[""]', "[1]"],
      /IPv4 and IPv6 addresses and networks/,
    ],
    ["proxyProtocol", ["", "v2"], /true or false/],
    ["accessLog", ["", "none", "true"], /all or errors or off/],
    ["timeouts.server", ["", "0", "999ms", "25h", "forever"], /1s to 24h/],
    ["timeouts.tunnel", ["500ms", "241h", "1d"], /1s to 240h/],
    ["timeouts.connect", ["0", "61s", "1h"], /10ms to 60s/],
    ["retries.count", ["-1", "11"], /0 to 10/],
    [
      "retries.on",
      ["503", '["all"]', '["none"]', '["418"]', '["0rtt-rejected"]', "{}"],
      /a list of conn-failure/,
    ],
    [
      "limits.requests",
      ["100", "0/10s", "100/", "100/0s", "100/500ms", "1e3/1s", "9/25h"],
      /such as 100\/10s/,
    ],
    ["limits.by", ["", "client"], /address or session/],
    ["limits.body", ["0", "10", "10mb", "-1m", "1025g"], /1k to 1024g/],
    ["balancers", ["0", "8", "one"], /1 to 7$/],
    ["engine", ["", "Swarm", "podman", "docker;", "swarm\n"], /docker or swarm/],
    [
      "swarm.managers",
      ["tcp://a:1", "{}", "[1]", ...BAD_ENGINES.map((each) => JSON.stringify([each]))],
      /a list of Docker engines such as unix:/,
    ],
    ["swarm.rebalance", ["", "once"], /true or false/],
    ["swarm.encrypted", ["", "yes"], /true or false/],
    ["swarm.mtu", ["575", "9001", "1e3", "auto"], /576 to 9000, or nothing/],
    [
      "machines",
      [
        ...["a", "[]", '{"a":"tcp://a:1"}', '{"a":{}}', '{"a":null}', machine({ role: "manager" })],
        ...BAD_ENGINES.map((engine) => machine({ engine })),
        ...["", "a", "::1", "10.0.0.256", "10.0.0.01", "0.0.0.0", "10.0.0.1\n"].map((address) =>
          machine({ address }),
        ),
        ...["yes", "", null].map((down) => machine({ down })),
        ...["", "a b", "-a", "a-", "a_b", "a;b", "a\nb", "é", "a".repeat(64), "__proto__"].map((name) =>
          machine({}).replace('"a"', JSON.stringify(name)),
        ),
      ],
      /a map of names \(letters, digits, \.-\) to \{engine: .*, address: .*, down: true or nothing\}/,
    ],
    ["slots", ["", "0", "257", "many"], /1 to 256/],
    ["app.restartDelay", ["", "-1s", "61m", "soon"], /0s to 60m/],
    ["logDriver", ["", "json-file", "Local"], /local, or engine/],
    ["haproxyImage", ["", "HAProxy", "haproxy 3.2"], /Docker image reference/],
    ["monitoring", ["", "yes", "1", "True", "on"], /^true or false$/],
    ["prometheusImage", ["", "Prom/prometheus", "prometheus 3"], /Docker image reference/],
    ["grafanaImage", ["", "grafana:"], /Docker image reference/],
    [
      "subnet",
      [
        "",
        "172.28.10.0",
        "172.28.10.1/24",
        "172.28.10.0/15",
        "172.28.10.0/29",
        "8.8.8.0/24",
        "fd00::/64",
        "172.28.10.0/24/8",
        "172.28.010.0/24",
      ],
      /private IPv4/,
    ],
    ["bind", ["", "localhost", "::1", "127.1", "127.0.0.1:80", "256.0.0.1", "127.0.0.01"], /IPv4 address/],
    ["ports.http", ["0", "-80", "65536", "http"], /1 to 65535/],
    ["ports.https", ["0"], /1 to 65535/],
    ["ports.runtime", ["0"], /1 to 65535/],
    ["ports.stats", ["0"], /1 to 65535/],
    ["ports.prometheus", ["0"], /1 to 65535/],
    ["ports.grafana", ["0"], /1 to 65535/],
    ["tls.certificate", ["a\nb", "a".repeat(4097)], /path of a PEM file/],
    ["tls.selfSigned", ["", "yes"], /true or false/],
    ["tls.redirect", ["", "1"], /true or false/],
    ["ports.runtimeTls", ["0"], /1 to 65535/],
    ["runtimeTls.enabled", ["", "yes"], /true or false/],
    ["runtimeTls.bind", ["", "localhost"], /IPv4 address/],
    [
      "runtimeTls.host",
      ["a b", "a:1", "-a", "a.", ".", "a..b", "::1", "a;b", "a\nb", "a/b", "é"],
      /host name or an IPv4 address/,
    ],
    ["runtimeTls.rotation", ["", "a b", "a=b", "a\nb", "a".repeat(65)], /1 to 64 letters/],
    ["drainTimeout", ["", "-1s", "1h", "1441m", "30 s", "30S", "1.5s", "s", "forever"], /0s to 1440m/],
    ["readyTimeout", ["0", "999ms", "61m", "1h"], /1s to 60m/],
  ])("%s", (key, values, allowed) => {
    for (const value of values) {
      const error = refusal({ [key]: value });
      expect(error.mistakes, JSON.stringify(value)).toHaveLength(1);
      const [mistake] = error.mistakes;
      expect(mistake).toMatchObject({ key, allowed: expect.stringMatching(allowed) });
      if (!JSON_KEYS.includes(key)) expect(mistake?.given).toBe(value);
      expect(error.message).toContain(
        `${key}: ${JSON.stringify(mistake?.given)} is refused; allowed: ${mistake?.allowed}`,
      );
    }
  });

  test("an unknown key is named with the keys that there are", () => {
    const error = refusal({ cuont: "4", app: { prot: 1 }, "ports.htpp": "8443" });
    expect(keysOf(error).sort()).toEqual(["app.prot", "cuont", "ports.htpp"]);
    expect(error.message).toContain(
      'cuont: "4" is refused; allowed: no such key; the keys are mode, count, app.image',
    );
  });

  test.each(["podinfo", "[]", "7", "null"])("app = %s is no map of app's keys", (text) => {
    const config = { ...pulumiConfig(), app: text };
    expect(keysOf(refusalOf(() => parseSettings("demo", config)))).toContain("app");
  });

  test.each(["", "-x", ".x", "a b", "a/b", "a\n", "ä", "a".repeat(41)])("the stack name %j", (stack) => {
    expect(keysOf(refusalOf(() => parseSettings(stack, pulumiConfig())))).toEqual(["stack name"]);
  });

  test("a long image name is refused at once", () => {
    const start = performance.now();
    expect(keysOf(refusal({ "app.image": `a${"_".repeat(26)}!` }))).toEqual(["app.image"]);
    expect(performance.now() - start).toBeLessThan(100);
  });
});

test("all mistakes are told at once, one a line", () => {
  const error = refusalOf(() =>
    parseSettings(
      "my stack",
      pulumiConfig({
        mode: "x\ny",
        count: "-1",
        app: { image: "", port: 0 },
        bind: "here",
        ports: { http: 0 },
        drainTimeout: "1h",
        speed: "9",
      }),
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
    expect.stringContaining("- ports.http: 0 is refused"),
    expect.stringContaining('- drainTimeout: "1h" is refused'),
  ]);
});

test("one mistake is counted as one", () => {
  expect(refusal({ mode: "x" }).message).toMatch(
    /^the config of stack "demo" has 1 mistake:\n {2}- mode: "x" is refused; allowed: sticky or hash$/,
  );
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
  test.each(Object.entries(DEFAULT_TEXTS))(
    "with a control character or ';' is never accepted for %s",
    (key, good) => {
      const around = fc.oneof(
        fc.constantFrom("", good, `${good}/`, `${good} `, good.slice(0, 3)),
        fc.string({ unit: "binary", maxLength: 20 }),
      );
      fc.assert(
        fc.property(around, hostileChar, around, (before, char, after) => {
          expect(keysOf(refusal({ [key]: before + char + after }))).toContain(key);
        }),
        { numRuns: 300 },
      );
    },
  );

  const anyKey = fc.oneof(
    fc.constantFrom(...CONFIG_KEYS.keys(), "app", "ports", "app.env.A"),
    fc.string({ unit: "binary", maxLength: 12 }),
  );
  const anyText = fc.oneof(
    fc.string({ unit: "binary", maxLength: 30 }),
    fc.json(),
    fc.constantFrom(..."1 80 8080 a /a 10.0.0.0/24 30s".split(" ")),
  );

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
            if (error instanceof SettingsError)
              expect(error.message.split("\n")).toHaveLength(1 + error.mistakes.length);
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
