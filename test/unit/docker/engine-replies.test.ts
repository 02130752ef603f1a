import { describe, expect, test } from "vitest";
import { findApp } from "../../../src/docker/app-container.ts";
import { whyNotRunning } from "../../../src/docker/containers.ts";
import { observeApps, observeBalancers, observeSubnet } from "../../../src/docker/found-containers.ts";
import { checkPortsFree } from "../../../src/docker/free-ports.ts";
import { refuseRoot } from "../../../src/docker/images.ts";
import { checkSubnetFree, clearContainer, clearNetwork, clearVolume } from "../../../src/docker/leftovers.ts";
import { countContainers } from "../../../src/docker/log-stream.ts";
import { checkNoGuests } from "../../../src/docker/network-guests.ts";
import { planTopology } from "../../../src/stack/topology.ts";
import { settingsOf } from "../../harness/pulumi-config.ts";
import { scriptedEngine } from "./scripted-engine.ts";

const OWNER = { stack: "demo", state: "state" };
const FOREIGN = /is taken by a \w+ of somebody else/;

/** An engine may leave out every field that is empty, or say null. */
describe.each([
  ["leaves out what is empty", {}],
  ["says null where nothing is", { Labels: null, Config: null, HostConfig: null, NetworkSettings: null }],
])("with an engine that %s", (_what, empty) => {
  test.each([
    ["no user", { Id: "sha256:1", Config: {} }],
    ["no config", { Id: "sha256:1", ...empty }],
    ["an empty user", { Id: "sha256:1", Config: { User: "" } }],
    ["a group alone", { Id: "sha256:1", Config: { User: ":app" } }],
  ])("an image with %s is one that runs as root", async (_user, image) => {
    await using engine = await scriptedEngine({ "/images/app:1/json": image });
    const config = { "app.image": "app:1", "app.security": "restricted" };
    await expect(refuseRoot(engine.docker, settingsOf(config))).rejects.toThrow(
      "image app:1 (app.image) runs as root; set app.user to another user, such as 1000, or to root to let it",
    );
    await refuseRoot(engine.docker, settingsOf({ ...config, "app.user": "1000" }));
    await refuseRoot(engine.docker, settingsOf({ ...config, "app.security": "docker" }));
  });

  test("an image with a user is let through", async () => {
    await using engine = await scriptedEngine({ "/images/app:1/json": { Config: { User: "app" } } });
    await refuseRoot(engine.docker, settingsOf({ "app.image": "app:1", "app.security": "restricted" }));
  });

  test("a container with nothing is found as one that is not ours, and does not run", async () => {
    await using engine = await scriptedEngine({ "/containers/demo-podinfo1/json": { Id: "1", ...empty } });
    expect(await findApp(engine.docker, "demo-podinfo1")).toMatchObject({
      id: "1",
      definition: "",
      labels: {},
      state: "stopped",
      hostConfig: { PidsLimit: 0, RestartPolicy: { Name: "" } },
      address: "",
      networks: [],
    });
    await expect(clearContainer(engine.docker, OWNER, "demo-podinfo1")).rejects.toThrow(FOREIGN);
    expect(engine.asked.filter((each) => !each.startsWith("GET"))).toEqual([]);
  });

  test("an endpoint without an address has none", async () => {
    const NetworkSettings = { Networks: { a: null, b: {}, c: { IPAMConfig: null } } };
    for (const NetworkMode of Object.keys(NetworkSettings.Networks)) {
      const found = { Id: "1", HostConfig: { NetworkMode }, NetworkSettings };
      await using engine = await scriptedEngine({ "/containers/x/json": found });
      expect(await findApp(engine.docker, "x")).toMatchObject({ address: "", networks: ["a", "b", "c"] });
    }
  });

  test("a listed container needs neither labels nor ports nor names", async () => {
    await using engine = await scriptedEngine({ "/containers/json": [{ Id: "1", ...empty }] });
    expect([...(await observeApps(engine.docker, "demo")).values()]).toEqual([
      { definition: "unknown", madeFrom: {}, image: "", isRunning: false },
    ]);
    expect(await observeBalancers(engine.docker, "demo")).toEqual(new Map());
    expect(await countContainers(engine.docker, "demo")).toBe(0);
    const port = { key: "ports.http", address: "127.0.0.1", addressKey: undefined, internal: 1, port: 0 };
    await checkPortsFree(engine.docker, [{ ...port, containerName: "x" }]);
  });

  test("a container whose networks are left out is on none", async () => {
    const container = { Id: "1", NetworkSettings: null, ...empty };
    await using engine = await scriptedEngine({ "/containers/json": [container] });
    expect(await checkNoGuests(engine.docker, "demo-balancer", () => false)).toEqual([]);
  });

  test("a network without an address range is in nobody's way, and not ours", async () => {
    const network = { Id: "1", Name: "demo-balancer", IPAM: null, ...empty };
    await using engine = await scriptedEngine({
      "/networks": [network, { Id: "2", Name: "host", IPAM: { Config: null } }],
      "/networks/demo-balancer": network,
    });
    expect(await observeSubnet(engine.docker, planTopology(settingsOf({})))).toBeUndefined();
    const wanted = { name: "demo-balancer", subnet: "172.28.10.0/24" };
    await checkSubnetFree(engine.docker, wanted);
    await expect(clearNetwork(engine.docker, OWNER, wanted)).rejects.toThrow(FOREIGN);
  });

  test("a volume without labels is not ours", async () => {
    await using engine = await scriptedEngine({ "/volumes/demo": { Name: "demo", ...empty } });
    await expect(clearVolume(engine.docker, OWNER, "demo")).rejects.toThrow(FOREIGN);
  });
});

test("a container that runs and leaves the rest of its state out does its work", async () => {
  await using engine = await scriptedEngine({ "/containers/x/json": { State: { Running: true } } });
  expect(await whyNotRunning(engine.docker, "x")).toBeUndefined();
  expect(await whyNotRunning(engine.docker, "gone")).toBeUndefined();
});
