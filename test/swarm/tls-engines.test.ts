import { afterAll, beforeAll, expect, test } from "vitest";
import { get } from "../harness/load.ts";
import { readTable } from "../harness/peers.ts";
import { serverNames } from "../harness/scaling.ts";
import { shellIn } from "../harness/shell.ts";
import { MACHINES_PLACES } from "../harness/stack-places.ts";
import { Machines } from "../harness/swarm.ts";
import { LoadOfEach, SwarmStack } from "../harness/swarm-stack.ts";
import { until } from "../harness/until.ts";

const PROBE = { "X-Balancer-Probe": "1" };

const MTU = 1400;
/** Docker takes off what VXLAN adds to a packet. */
const VXLAN_BYTES = 50;
/** Somebody else's network, on which the apps' database would be. */
const DATABASE = { name: "swarm-tls-database", subnet: "172.28.200.0/24" };

let machines: Machines;
let stack: SwarmStack;

beforeAll(async () => {
  machines = await Machines.up({ place: MACHINES_PLACES["swarm-tls-engines"], managers: 2, tls: true });
  await machines.engineOf(1).createNetwork({
    Name: DATABASE.name,
    Driver: "overlay",
    IPAM: { Driver: "default", Config: [{ Subnet: DATABASE.subnet }] },
  });
  stack = await SwarmStack.createOn(machines, {
    name: "swarm-tls-engines",
    config: { count: 2, "swarm.mtu": MTU, "app.networks": [DATABASE.name] },
  });
  await stack.up();
});
afterAll(async () => {
  await machines?.down();
  await stack?.dispose();
});

const upEverywhere = async () =>
  Promise.all(machines.numbers.map(async (n) => (await stack.upServers(n)).map(({ name }) => name)));

test("two managers and a worker that want certificates have a balancer each", async () => {
  expect(await upEverywhere()).toEqual(machines.numbers.map(() => serverNames(2)));
  expect((await stack.outputs()).urls).toEqual(machines.numbers.map((n) => stack.urlOf(n)));
  for (const n of machines.numbers) expect((await get(stack.urlOf(n))).status).toBe(200);
});

test("have the network's MTU everywhere, and app containers on a further network", async () => {
  const shell = async (n: number, container: string, words: string) =>
    shellIn(machines.engineOf(n).getContainer(container), words);
  const mtus = "cat /sys/class/net/eth*/mtu | sort -u";
  for (const n of machines.numbers)
    expect(await shell(n, stack.haproxyNameOf(n), mtus)).toContain(String(MTU - VXLAN_BYTES));
  const tasks = await stack.tasks(2);
  for (const { machine, containerId = "" } of tasks) {
    expect(await shell(machine, containerId, mtus)).toContain(String(MTU - VXLAN_BYTES));
    const { NetworkSettings } = await machines.engineOf(machine).getContainer(containerId).inspect();
    expect(Object.keys(NetworkSettings.Networks)).toEqual(
      expect.arrayContaining([DATABASE.name, "swarm-tls-engines-balancer"]),
    );
  }
});

test("refuse to change what the network was made with, before anything is touched", async () => {
  const before = await stack.tasks(2);
  const { exitCode, output } = await stack.tryUp({ "swarm.mtu": MTU - 100, "swarm.encrypted": true });
  stack.configure({ "swarm.mtu": MTU, "swarm.encrypted": undefined });
  expect(exitCode).not.toBe(0);
  expect(output).toContain("swarm.encrypted: true is refused; allowed: false, as its network was made");
  expect(output).toContain(`swarm.mtu: ${MTU - 100} is refused; allowed: ${MTU}, as its network was made`);
  expect(await stack.tasks(2)).toEqual(before);
});

test("scale under load without a failed request", async () => {
  const before = await Promise.all(machines.numbers.map((n) => stack.haproxyIdentity(n)));
  const load = new LoadOfEach(machines.numbers.map((n) => stack.urlOf(n)));
  await stack.up({ count: 3 });
  await load.settle();
  const { failures } = await load.stop();
  expect(failures).toEqual([]);
  expect(await upEverywhere()).toEqual(machines.numbers.map(() => serverNames(3)));
  expect(await Promise.all(machines.numbers.map((n) => stack.haproxyIdentity(n)))).toEqual(before);
});

test("keep a session on its server through every balancer, by header and by cookie", async () => {
  for (let index = 0; index < 12; index += 1) {
    const id = `session-${index}`;
    const first = 1 + (index % machines.numbers.length);
    const { server, cookie = "" } = await get(stack.urlOf(first), { ...PROBE, "X-Session-ID": id });
    expect(serverNames(3)).toContain(server);
    // Asked before it has learned the session, a balancer would choose a server itself.
    for (const n of machines.numbers) await until(async () => (await readTable(stack, n)).get(id) === server);
    for (const n of machines.numbers) {
      expect((await get(stack.urlOf(n), { ...PROBE, "X-Session-ID": id })).server).toBe(server);
      expect((await get(stack.urlOf(n), { ...PROBE, Cookie: cookie })).server).toBe(server);
    }
  }
});

test("have nothing of it left after destroy", async () => {
  await stack.destroy();
  // An engine ends the containers of a removed service in its own time.
  await until(async () => (await stack.resources()).length === 0);
});
