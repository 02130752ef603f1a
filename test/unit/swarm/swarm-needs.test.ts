import { expect, test } from "vitest";
import type { Settings } from "../../../src/stack/settings.ts";
import { planTopology } from "../../../src/stack/topology.ts";
import { checkSwarmCan } from "../../../src/swarm/swarm-needs.ts";
import { settingsOf } from "../../harness/pulumi-config.ts";
import { FakeManager } from "./fake-manager.ts";

const SWARM = {
  engine: "swarm",
  machines: '{"machine1": {"engine": "tcp://10.0.0.1:2375", "address": "10.0.0.1"}}',
};
const withKeys = (keys: Readonly<Record<string, string>>): Settings => settingsOf({ ...SWARM, ...keys });

const MTU = "com.docker.network.driver.mtu";
const SUBNET = "172.28.10.0/24";

/** Looks at a Swarm that has the stack's network with some options, and returns what is refused. */
async function refusedOn(settings: Settings, options: object, subnet = SUBNET): Promise<unknown[]> {
  await using manager = await FakeManager.start();
  const topology = planTopology(settings);
  const body = {
    ...{ Id: "id", Name: topology.network.name, Driver: "overlay", Options: options },
    IPAM: { Config: [{ Subnet: subnet }] },
  };
  manager.answers.set(`/networks/${topology.network.name}`, { status: 200, body });
  const refusal = checkSwarmCan(manager.docker, settings, topology);
  return await refusal.then(
    () => [],
    ({ mistakes }) => mistakes,
  );
}

test.each([
  ["neither", {}, { "com.docker.network.driver.overlay.vxlanid_list": "4097" }],
  ["both", { "swarm.encrypted": "true", "swarm.mtu": "1400" }, { encrypted: "true", [MTU]: "1400" }],
  ["encryption that has no value", { "swarm.encrypted": "true" }, { encrypted: "" }],
])("a network that was made with %s is as the config has it", async (_, keys, options) => {
  expect(await refusedOn(withKeys(keys), options)).toEqual([]);
});

const REMEDY = "as its network was made; or destroy the stack first (npx pulumi destroy)";

test("a network in clear that shall be encrypted is refused, and another MTU at the same time", async () => {
  expect(await refusedOn(withKeys({ "swarm.encrypted": "true", "swarm.mtu": "1400" }), {})).toEqual([
    { key: "swarm.encrypted", given: true, allowed: `false, ${REMEDY}` },
    { key: "swarm.mtu", given: 1400, allowed: `nothing, ${REMEDY}` },
  ]);
});

test("a network that shall have neither any more is refused as well", async () => {
  expect(await refusedOn(withKeys({}), { encrypted: "", [MTU]: "1400" })).toEqual([
    { key: "swarm.encrypted", given: false, allowed: `true, ${REMEDY}` },
    { key: "swarm.mtu", given: "", allowed: `1400, ${REMEDY}` },
  ]);
});

test("a network that is made anew for another subnet gets the options of the config", async () => {
  expect(await refusedOn(withKeys({ "swarm.encrypted": "true" }), {}, "172.28.11.0/24")).toEqual([]);
});

test("networks of one machine are refused, which app containers elsewhere cannot join", async () => {
  const settings = withKeys({ "app.networks": '["local", "over", "missing"]' });
  await using manager = await FakeManager.start();
  for (const [name, Driver] of Object.entries({ local: "bridge", over: "overlay" }))
    manager.answers.set(`/networks/${name}`, { status: 200, body: { Id: name, Name: name, Driver } });
  await expect(checkSwarmCan(manager.docker, settings, planTopology(settings))).rejects.toMatchObject({
    mistakes: ["local", "missing"].map((given) => ({
      ...{ key: "app.networks", given, allowed: "overlay networks of the Swarm" },
    })),
  });
});

test("fewer privileges are refused where a machine's engine would leave them out", async () => {
  const settings = withKeys({ "app.allowPrivilegeEscalation": "false" });
  await using manager = await FakeManager.start();
  const nodeWith = (Hostname: string, EngineVersion: string) => ({
    ID: Hostname,
    Description: { Hostname, Engine: { EngineVersion } },
  });
  manager.nodes = [nodeWith("new", "28.5.2"), nodeWith("old", "20.10.24+dfsg1")];
  const looked = () => checkSwarmCan(manager.docker, settings, planTopology(settings));
  const allowed = "true, or Docker 28 on every machine of the Swarm (old has 20.10.24+dfsg1)";
  await expect(looked()).rejects.toMatchObject({
    mistakes: [{ key: "app.allowPrivilegeEscalation", given: false, allowed }],
  });
  manager.nodes = [nodeWith("new", "28.5.2")];
  await looked();
});
