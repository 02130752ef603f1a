import { expect, test } from "vitest";
import { engineHost, isLocalEngine, reachableHost } from "../../../src/docker/engine.ts";

const at = (host: string) => ({ host, certPath: "", context: "" });
const REMOTE = "tcp://docker.invalid:2376";

test.each([
  ["unix:///var/run/docker.sock", "127.0.0.1"],
  ["ssh://admin@docker.example.com:2222", "docker.example.com"],
  ["tcp://10.0.0.7:2376", "10.0.0.7"],
])("the host of the engine at %s is %s", async (address, host) => {
  expect(await engineHost(at(address))).toBe(host);
});

test.each([
  ["unix:///var/run/docker.sock", true],
  ["tcp://127.0.0.1:2375", true],
  ["tcp://[::1]:2375", true],
  ["tcp://192.0.2.1:2376", false],
  [REMOTE, false],
])("%s is an engine of this host: %s", async (address, isLocal) => {
  expect(await isLocalEngine(at(address))).toBe(isLocal);
});

test("an engine of another host is refused without the runtime API by TLS", async () => {
  await expect(reachableHost(at(REMOTE), { runtimeTls: undefined })).rejects.toThrow(
    "is on another host, where nobody but that host reaches HAProxy's runtime API; set runtimeTls.enabled to true",
  );
  const runtimeTls = { bind: "0.0.0.0", host: "", rotation: "1" };
  expect(await reachableHost(at(REMOTE), { runtimeTls })).toBe("docker.invalid");
});
