import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { removeNetwork } from "../../src/docker/remove-network.ts";
import { removeLabelled } from "../harness/labelled.ts";
import { docker } from "../harness/running-stack.ts";
import { placeOf } from "../harness/stack-places.ts";

const NAME = "direct-remove-network";
const LABELS = { "balancer.test": NAME };
const LABEL = `balancer.test=${NAME}`;

beforeEach(async () => {
  await removeLabelled(docker, LABEL);
  await docker.createNetwork({
    Name: NAME,
    IPAM: { Driver: "default", Config: [{ Subnet: placeOf(NAME).subnet }] },
    Labels: LABELS,
  });
});

afterEach(() => removeLabelled(docker, LABEL));

async function startContainer() {
  const container = await docker.createContainer({
    Image: "stefanprodan/podinfo:6.9.2",
    Labels: LABELS,
    HostConfig: { NetworkMode: NAME },
  });
  await container.start();
  return container;
}

const isThere = async (): Promise<boolean> =>
  (await docker.listNetworks({ filters: { label: [LABEL] } })).length > 0;

test("waits until the engine has let the last endpoint go", async () => {
  const container = await startContainer();
  const removed = removeNetwork(docker, NAME);
  await sleep(500);
  expect(await isThere()).toBe(true);
  await container.remove({ force: true });
  await removed;
  expect(await isThere()).toBe(false);
});

test("does not wait for ever, and names what is on it", async () => {
  const { Name } = await (await startContainer()).inspect();
  await expect(removeNetwork(docker, NAME)).rejects.toThrow(
    new RegExp(`has active endpoints.*; on it: ${Name.slice(1)}$`),
  );
  expect(await isThere()).toBe(true);
});

test("tells at once of a network that is not there", async () => {
  await expect(removeNetwork(docker, `${NAME}-other`)).rejects.toThrow(/404/);
});
