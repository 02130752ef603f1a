import { describe, expect, test } from "vitest";
import { checkSettings } from "../../../src/config/settings-parser.ts";
import type { GivenConfig } from "../../../src/stack/schema.ts";
import { completed, settingsOf } from "../../harness/pulumi-config.ts";
import { keysOf, refusalOf } from "../refusal.ts";

/** As from a program without types. */
const untyped = (given: object): GivenConfig => given;

describe("what a program gives for a stack", () => {
  test("may leave out everything, and have the defaults of Pulumi.yaml", () => {
    expect(completed(checkSettings("demo", {}))).toEqual(settingsOf());
    const given = { count: undefined, app: undefined, ports: { http: undefined } };
    expect(completed(checkSettings("demo", given))).toEqual(settingsOf());
  });

  test("is nested and typed, and means what the same texts mean", () => {
    const given: GivenConfig = {
      mode: "hash",
      count: 5,
      app: { port: 80, command: ["serve", "{port}"], env: { LEVEL: 7, DEBUG: true }, memory: "1g" },
      ports: { http: "8081" },
      tls: { selfSigned: true },
      drainTimeout: 5,
      rollout: { batch: "25%" },
    };
    const texts = {
      mode: "hash",
      count: "5",
      "app.port": "80",
      "app.command": '["serve","{port}"]',
      "app.env": '{"LEVEL":"7","DEBUG":"true"}',
      "app.memory": "1g",
      "ports.http": "8081",
      "tls.selfSigned": "true",
      drainTimeout: "5s",
      "rollout.batch": "25%",
    };
    expect(completed(checkSettings("demo", given))).toEqual(settingsOf(texts));
  });

  test("is refused with every mistake at once, in the order of the keys", () => {
    const given = untyped({
      drainTimeout: "1h",
      count: 3.5,
      app: { image: "", prot: 1 },
      ports: [],
      speed: 9,
      tls: { redirect: true },
    });
    expect(keysOf(refusalOf(() => checkSettings("my stack", given)))).toEqual([
      "stack name",
      "app.prot",
      "ports",
      "speed",
      "count",
      "app.image",
      "drainTimeout",
      "tls.redirect",
    ]);
  });

  test("is not told where it is a secret", () => {
    const given: GivenConfig = { app: { env: { TOKEN: "hunter\u00002" } }, mode: "hash", count: -1 };
    const error = refusalOf(() => checkSettings("demo", given, ["app.env"]));
    expect(error.mistakes.map(({ key, given }) => [key, given])).toEqual([
      ["count", -1],
      ["app.env", "[secret]"],
    ]);
  });

  test("is not held against a value that is refused itself", () => {
    expect(
      keysOf(refusalOf(() => checkSettings("demo", { ports: { http: 0, stats: 8080, runtime: 8080 } }))),
    ).toEqual(["ports.http", "ports.stats"]);
    expect(keysOf(refusalOf(() => checkSettings("demo", { count: 900, subnet: "x" })))).toEqual(["subnet"]);
  });
});
