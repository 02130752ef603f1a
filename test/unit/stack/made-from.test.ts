import { describe, expect, test } from "vitest";
import {
  appMadeFrom,
  balancerMadeFrom,
  changedKeys,
  configMadeFrom,
  describeChangedKey,
  describeChangedKeys,
  readMadeFrom,
} from "../../../src/stack/made-from.ts";
import { planTopology } from "../../../src/stack/topology.ts";
import { settingsOf } from "../../harness/pulumi-config.ts";

type Config = Parameters<typeof settingsOf>[0];

const made = (config: Config) => {
  const settings = settingsOf(config);
  const topology = planTopology(settings);
  const [balancer] = topology.balancers;
  if (balancer === undefined) throw new Error("there is no balancer");
  return {
    app: appMadeFrom(settings, "local"),
    balancer: balancerMadeFrom(settings, balancer, "local"),
    config: configMadeFrom(topology),
  };
};

describe("a change of config", () => {
  test.each([
    { key: "app.image", value: "other:1", of: "app" },
    { key: "app.port", value: "9000", of: "app" },
    { key: "app.env", value: '{"A":"b"}', of: "app" },
    { key: "app.readOnly", value: "true", of: "app" },
    { key: "app.memory", value: "1g", of: "app" },
    { key: "haproxyImage", value: "haproxy:3.3", of: "balancer" },
    { key: "haproxy.files", value: "2048", of: "balancer" },
    { key: "ports.stats", value: "8500", of: "balancer" },
    { key: "mode", value: "hash", of: "config" },
    { key: "app.readyPath", value: "/healthz", of: "config" },
    { key: "balancers", value: "2", of: "config" },
    { key: "timeouts.server", value: "5m", of: "config" },
    { key: "retries.on", value: "[]", of: "config" },
    { key: "haproxy.buffer", value: "64k", of: "config" },
    { key: "trustedProxies", value: '["10.0.0.0/8"]', of: "config" },
    { key: "proxyProtocol", value: "true", of: "config" },
    { key: "accessLog", value: "off", of: "config" },
    { key: "limits.requests", value: "100/10s", of: "config" },
    { key: "limits.body", value: "1m", of: "config" },
  ] as const)("of $key is seen in what the $of is made from, by that key", ({ key, value, of }) => {
    const [before, after] = [made({}), made({ [key]: value })];
    expect(changedKeys(before[of], after[of]).map((each) => each.key)).toContain(key);
  });

  test("of the count alone is seen nowhere", () => {
    expect(made({ count: "7" })).toEqual(made({ count: "3" }));
  });
});

test("a value of the environment is not told", () => {
  const { app } = made({ "app.env": '{"TOKEN":"correct-horse"}' });
  expect(JSON.stringify(app)).toContain("TOKEN");
  expect(JSON.stringify(app)).not.toContain("correct-horse");
});

test("a difference is told with both sides", () => {
  const [changed, gone, added] = changedKeys({ a: "1", b: "2" }, { a: "3", c: "4" }).toSorted((a, b) =>
    a.key < b.key ? -1 : 1,
  );
  expect(changed && describeChangedKey(changed)).toBe("a 1 → 3");
  expect(gone && describeChangedKey(gone)).toBe("b 2 → none");
  expect(added && describeChangedKey(added)).toBe("c none → 4");
});

describe("an image", () => {
  const [OLD, NEW] = ["sha256:0123456789abcdef", "sha256:fedcba9876543210"].map(
    (id) => new Map([["app:dev", id]]),
  );
  const app = (image: string, images?: ReadonlyMap<string, string>) =>
    appMadeFrom(settingsOf({ "app.image": image }), "local", images);

  test("is told by its ids where the reference names another one now", () => {
    expect(describeChangedKeys(app("app:dev", OLD), app("app:dev", NEW))).toEqual([
      "app.image app:dev (0123456789ab → fedcba987654)",
    ]);
    expect(describeChangedKeys(app("app:dev", OLD), app("app:dev", OLD))).toEqual([]);
  });

  test("is told by its references where these differ", () => {
    expect(describeChangedKeys(app("app:1"), app("app:dev", NEW))).toEqual(["app.image app:1 → app:dev"]);
    expect(describeChangedKeys(app("app:dev", NEW), app("app:1"))).toEqual(["app.image app:dev → app:1"]);
  });
});

test.each([undefined, "", "{", "[]", '{"a":1}', "null"])("%j is no map", (text) => {
  expect(readMadeFrom(text)).toBeUndefined();
});
