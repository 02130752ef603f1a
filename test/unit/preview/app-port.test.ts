import { expect, test } from "vitest";
import { parseSettings } from "../../../src/config/settings-parser.ts";
import { completeByImage } from "../../../src/preview/app-port.ts";
import { pulumiConfig } from "../../harness/pulumi-config.ts";
import { scriptedEngine } from "../docker/scripted-engine.ts";

const configured = (config: Readonly<Record<string, string>>) =>
  parseSettings("demo", pulumiConfig({ "app.image": "app:1", ...config }));

function exposing(...ports: readonly string[]) {
  const Config = { ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])) };
  const image = { Id: "sha256:1", Config };
  return { "/images/app:1/json": image, "/images/sha256:1/json": image };
}

test("the app's port is the one TCP port that its image exposes, in its command as well", async () => {
  await using engine = await scriptedEngine(exposing("53/udp", "3000/tcp"));
  const { app } = await completeByImage(engine.docker, configured({ "app.command": '["serve","{port}"]' }));
  expect(app).toMatchObject({ port: 3000, command: ["serve", "3000"] });
});

test.each([
  { exposed: [], found: "exposes no TCP port" },
  { exposed: ["53/udp"], found: "exposes no TCP port" },
  { exposed: ["443/tcp", "80/tcp"], found: "exposes the TCP ports 80, 443" },
])("an image that exposes $exposed is refused without app.port", async ({ exposed, found }) => {
  await using engine = await scriptedEngine(exposing(...exposed));
  const allowed = `the TCP port on which the app listens, since image app:1 ${found}`;
  await expect(completeByImage(engine.docker, configured({}))).rejects.toThrow(
    `app.port: nothing is refused; allowed: ${allowed}`,
  );
  expect((await completeByImage(engine.docker, configured({ "app.port": "80" }))).app.port).toBe(80);
});

test("an image that nobody has is pulled for its port, and not where the port is known", async () => {
  await using engine = await scriptedEngine({ "/containers/json": [] });
  await expect(completeByImage(engine.docker, configured({}))).rejects.toThrow(
    "image app:1 (app.image) is not on the engine and cannot be pulled",
  );
  expect(engine.asked.filter((each) => each.startsWith("POST"))).toHaveLength(1);
  await completeByImage(engine.docker, configured({ "app.port": "80" }));
  await completeByImage(engine.docker, configured({ "app.image": "stefanprodan/podinfo:7.0.0" }));
  expect(engine.asked.filter((each) => each.startsWith("POST"))).toHaveLength(1);
});

test("an image that lost its name while its containers run is not pulled", async () => {
  await using engine = await scriptedEngine({
    "/containers/json": [
      { ImageID: "sha256:1", Labels: { "balancer.made-from": JSON.stringify({ "app.image": "app:1" }) } },
    ],
    "/images/sha256:1/json": { Id: "sha256:1", Config: { ExposedPorts: { "8000/tcp": {} } } },
  });
  expect((await completeByImage(engine.docker, configured({}))).app.port).toBe(8000);
});
