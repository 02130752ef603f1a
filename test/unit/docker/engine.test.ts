import { expect, test } from "vitest";
import { engineHost } from "../../../src/docker/engine.ts";

test.each([
  ["", "127.0.0.1"],
  ["unix:///var/run/docker.sock", "127.0.0.1"],
  ["ssh://admin@docker.example.com:2222", "docker.example.com"],
  ["tcp://10.0.0.7:2376", "10.0.0.7"],
  ["not a URL", "127.0.0.1"],
])("the engine of DOCKER_HOST=%s is on %s", (dockerHost, host) => {
  expect(engineHost(dockerHost)).toBe(host);
});
