import { expect, test } from "vitest";
import { writeDuration } from "../../../src/stack/duration.ts";
import { speaksProxyProtocol, trafficMadeFrom } from "../../../src/stack/traffic.ts";
import { settingsOf } from "../../harness/pulumi-config.ts";

test.each([
  ["nobody by default", {}, false],
  ["everybody where no proxy is named", { proxyProtocol: "true" }, true],
  ["a proxy that is named", { proxyProtocol: "true", trustedProxies: '["172.28.10.1"]' }, true],
  ["a proxy of a network", { proxyProtocol: "true", trustedProxies: '["::/0","172.16.0.0/12"]' }, true],
  ["nobody but the proxies", { proxyProtocol: "true", trustedProxies: '["172.28.10.9"]' }, false],
  ["no proxy unless it shall", { trustedProxies: '["172.28.10.1"]' }, false],
])("the PROXY protocol is expected of %s", (_whom, config, expected) => {
  expect(speaksProxyProtocol(settingsOf(config).traffic, "172.28.10.1")).toBe(expected);
});

test("what HAProxy does with requests is told by key, as a user writes it", () => {
  const made = trafficMadeFrom(
    settingsOf({
      "timeouts.server": "90s",
      "timeouts.client": "120",
      "retries.on": "[]",
      "limits.requests": "100/60s",
      "limits.body": "10m",
      "haproxy.buffer": "64k",
      trustedProxies: '["10.0.0.0/8","::1"]',
    }).traffic,
  );
  expect(made).toMatchObject({
    "timeouts.server": "90s",
    "timeouts.client": "2m",
    "timeouts.tunnel": "1h",
    "retries.count": "3",
    "retries.on": "none",
    "haproxy.buffer": "64k",
    trustedProxies: "10.0.0.0/8, ::1",
    proxyProtocol: "false",
    accessLog: "all",
    "limits.requests": "100/1m",
    "limits.by": "address",
    "limits.body": "10240k",
  });
});

test.each([
  [0, "0h"],
  [1, "1ms"],
  [1_500, "1500ms"],
  [30_000, "30s"],
  [90_000, "90s"],
  [120_000, "2m"],
  [86_400_000, "24h"],
])("%i ms are written as %s", (ms, text) => {
  expect(writeDuration(ms)).toBe(text);
});
