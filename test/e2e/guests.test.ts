import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { STACK_LABEL } from "../../src/docker/labels.ts";
import { get, Load } from "../harness/load.ts";
import { docker } from "../harness/running-stack.ts";
import { TestStack } from "../harness/stack.ts";
import { placeOf } from "../harness/stack-places.ts";

/** Containers of somebody else on the stack's network: one that runs … */
const GUEST = "e2e-guests-guest";
/** … and one that was never started. */
const STOPPED = "e2e-guests-stopped";
const NETWORK = "e2e-guests-balancer";
const PLACE = placeOf("e2e-guests");

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.create({ name: "e2e-guests", config: { balancers: 2, count: 2 } });
  await stack.up();
});
afterAll(() => stack?.dispose());

/** Makes a container that asks for an address of the stack's network. */
const make = (name: string, address: string) =>
  docker.createContainer({
    name,
    Image: "stefanprodan/podinfo:6.9.2",
    Labels: { [STACK_LABEL]: stack.name },
    HostConfig: { NetworkMode: NETWORK },
    NetworkingConfig: { EndpointsConfig: { [NETWORK]: { IPAMConfig: { IPv4Address: address } } } },
  });

const idOf = async (name: string) => (await docker.getContainer(name).inspect()).Id;

describe("a container of somebody else on the stack's network", () => {
  test("that has an address of the stack's is named before anything is touched", async () => {
    const before = await Promise.all([1, 2].map((n) => stack.haproxyIdentity(n)));
    const [balancer, app] = [`${PLACE.prefix}.4`, `${PLACE.prefix}.13`];
    await (await make(GUEST, balancer)).start();
    await make(STOPPED, app);
    stack.configure({ balancers: 3, count: 3 });
    const told = [
      `address ${app} of ${stack.name}-podinfo3 is taken by container ${STOPPED}; disconnect it first`,
      `address ${balancer} of ${stack.haproxyNameOf(3)} is taken by container ${GUEST}; disconnect it first`,
    ];
    for (const refused of [await stack.command("plan"), await stack.tryUp()]) {
      expect(refused.exitCode).not.toBe(0);
      for (const words of told) expect(refused.output).toContain(words);
    }
    stack.configure({ balancers: 2, count: 2 });
    expect(await Promise.all([1, 2].map((n) => stack.haproxyIdentity(n)))).toEqual(before);
  });

  test("keeps no container of the stack from being replaced", async () => {
    const names = [`${stack.name}-podinfo1`, stack.haproxyNameOf(2)];
    const before = await Promise.all(names.map(idOf));
    const urns = [`balancer:index:AppServer::${names[0]}`, `docker:index/container:Container::${names[1]}`];
    for (const each of urns) {
      const urn = `urn:pulumi:${stack.name}::balancer::balancer:index:BalancedApp$${each}`;
      expect((await stack.pulumi("state", "taint", "--yes", "--stack", stack.name, urn)).exitCode).toBe(0);
    }
    await stack.up();
    const after = await Promise.all(names.map(idOf));
    expect(after.filter((id) => before.includes(id))).toEqual([]);
  });

  test("keeps stop, destroy and a change of the subnet from destroying anything, and is named", async () => {
    const before = await stack.resources();
    const identity = await stack.haproxyIdentity();
    const disconnect = `docker network disconnect ${NETWORK} ${GUEST}`;
    const told = `container ${GUEST} is on network ${NETWORK}; disconnect it first (${disconnect})`;
    const load = new Load(stack.url, { clients: 2 });
    const stopped = await stack.startCommand("stop").ended;
    await expect(stack.destroy()).rejects.toThrow(told);
    const moved = await stack.tryUp({ subnet: placeOf("e2e-guests-moved").subnet });
    for (const { exitCode, output } of [stopped, moved]) {
      expect(exitCode).not.toBe(0);
      expect(output).toContain(told);
    }
    expect((await load.stop()).failures).toEqual([]);
    expect(await stack.resources()).toEqual(before);
    expect(await stack.haproxyIdentity()).toEqual(identity);
  });

  test("is in nobody's way once it is disconnected, nor is one that is stopped", async () => {
    await docker.getNetwork(NETWORK).disconnect({ Container: GUEST });
    expect(await stack.up()).toContain(`balancer:index:Guests ${stack.name}-guests created replacement`);
    expect((await get(stack.url)).status).toBe(200);
    await stack.destroy();
    for (const name of [GUEST, STOPPED]) await docker.getContainer(name).remove({ force: true });
    expect(await stack.resources()).toEqual([]);
  });
});
