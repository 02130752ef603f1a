import { expect, test } from "vitest";
import { appsIn, nameIn } from "../../../src/cli/running-app.ts";
import { APP_TYPE } from "../../../src/stack/outputs.ts";

const OUTPUTS = {
  urls: ["http://127.0.0.1:8080"],
  statsUrls: ["http://127.0.0.1:8404"],
  runtimeEndpoints: ["127.0.0.1:9999"],
  servers: [{ name: "s1", address: "172.28.10.11:9898" }],
  mode: "hash",
  sessionKey: "header X-Session-ID",
  haproxyConfig: "global\n",
};
const CREDENTIALS = { ca: "a", certificate: "b", key: "c" };
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

const stateOf = (...resources: readonly object[]) => ({ version: 3, deployment: { resources } });
const app = (name: string, outputs?: object) => ({
  ...{ type: APP_TYPE, urn: `urn:pulumi:dev::shop::${APP_TYPE}::${name}` },
  ...(outputs && { outputs }),
});

test("apps are found among other resources, by name", () => {
  const network = { type: "docker:index/network:Network", urn: "urn:pulumi:dev::shop::x::web" };
  const { apps, hasSecrets } = appsIn(stateOf(network, app("web", OUTPUTS), app("api", OUTPUTS)));
  expect([...apps.keys()]).toEqual(["web", "api"]);
  expect(apps.get("web")).toEqual(OUTPUTS);
  expect(hasSecrets).toBe(false);
});

test("an app whose update ended half way, and an empty stack, have none", () => {
  expect(appsIn(stateOf(app("web"), app("api", {}))).apps.size).toBe(0);
  expect(appsIn({ deployment: {} }).apps.size).toBe(0);
});

test("a secret that is not shown is told, and one that is shown takes its place", () => {
  const withSecret = (secret: object) => stateOf(app("web", { ...OUTPUTS, runtimeTlsCredentials: secret }));
  expect(appsIn(withSecret({ ...SECRET, ciphertext: "v1:x" })).hasSecrets).toBe(true);
  const { apps, hasSecrets } = appsIn(withSecret({ ...SECRET, plaintext: JSON.stringify(CREDENTIALS) }));
  expect(hasSecrets).toBe(false);
  expect(apps.get("web")?.runtimeTlsCredentials).toEqual(CREDENTIALS);
});

test("outputs that are a secret as a whole are told as well", () => {
  expect(appsIn(stateOf(app("web", { ...SECRET, ciphertext: "v1:x" }))).hasSecrets).toBe(true);
});

test("in a checkout the stack names its app, unless another is given", () => {
  expect(nameIn({ stack: "organization/balancer/hash" })).toEqual({
    name: "hash",
    title: "stack organization/balancer/hash",
  });
  expect(nameIn({ stack: "hash", app: "web" })).toEqual({ name: "web", title: "app web" });
});
