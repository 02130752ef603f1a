import type { Engine } from "../docker/engine.ts";
import { EngineError } from "../docker/engine-error.ts";
import { inspectNetwork } from "../docker/engine-replies.ts";
import type { Settings } from "../stack/settings.ts";
import { type Mistake, SettingsError } from "../stack/settings-error.ts";
import type { Topology } from "../stack/topology.ts";
import { ENCRYPTED_OPTION, MTU_OPTION } from "./overlay.ts";
import { listNodes } from "./swarm-replies.ts";

/** Every machine of a Swarm has a bridge of its own under this name, over which published ports come in. */
const BRIDGE = "docker_gwbridge";

/**
 * Finds the address from which a machine's own requests come to what it publishes.
 * @throws {EngineError} The machine is in no Swarm.
 */
export async function findGateway(engine: Engine, machine: string): Promise<string> {
  const gateway = (await inspectNetwork(engine, BRIDGE))?.IPAM.Config[0]?.Gateway ?? "";
  if (gateway === "")
    throw new EngineError(`machine ${machine} has no network ${BRIDGE}; join it to the Swarm`);
  return gateway;
}

/** Finds the subnet of a network. The result is undefined when there is no such network. */
export const findSubnet = async (manager: Engine, name: string): Promise<string | undefined> =>
  (await inspectNetwork(manager, name))?.IPAM.Config[0]?.Subnet;

/**
 * Looks whether the Swarm can do all that the config wants.
 * @throws {SettingsError} with all that it cannot
 */
export async function checkSwarmCan(manager: Engine, settings: Settings, topology: Topology): Promise<void> {
  const mistakes = [
    ...(await checkNetworks(manager, settings, topology)),
    ...(await checkPrivileges(manager, settings)),
    ...(await checkOptions(manager, settings, topology)),
  ];
  if (mistakes.length > 0) throw new SettingsError(settings.stack, mistakes);
}

/**
 * Engines of this version and newer hand it on to the containers of services; 20.10 leaves it out silently.
 */
const NO_NEW_PRIVILEGES_SINCE = 28;

async function checkPrivileges(manager: Engine, { app }: Settings): Promise<Mistake[]> {
  if (app.confinement.allowPrivilegeEscalation) return [];
  const old = (await listNodes(manager)).filter(
    ({ Description }) => Number.parseInt(Description.Engine.EngineVersion, 10) < NO_NEW_PRIVILEGES_SINCE,
  );
  if (old.length === 0) return [];
  const which = old.map(
    ({ Description }) => `${Description.Hostname} has ${Description.Engine.EngineVersion}`,
  );
  const since = `Docker ${NO_NEW_PRIVILEGES_SINCE} on every machine of the Swarm (${which.join(", ")})`;
  return [{ key: "app.allowPrivilegeEscalation", given: false, allowed: `true, or ${since}` }];
}

/** Looks for the networks that the app containers shall join, which somebody else has made. */
async function checkNetworks(manager: Engine, { app }: Settings, { network }: Topology): Promise<Mistake[]> {
  const found = await Promise.all(
    app.networks.map(async (name) => ({ name, network: await inspectNetwork(manager, name) })),
  );
  return found.flatMap((each) => {
    if (each.name !== network.name && each.network?.Driver === "overlay") return [];
    const allowed =
      each.name === network.name ? "networks besides the stack's own" : "overlay networks of the Swarm";
    return [{ key: "app.networks", given: each.name, allowed }];
  });
}

/**
 * Looks whether the stack's network is as the config has it. Its options are fixed when it is made: one that
 * shall be encrypted and is not would be used in clear without a word.
 */
async function checkOptions(manager: Engine, { swarm }: Settings, { network }: Topology): Promise<Mistake[]> {
  const found = await inspectNetwork(manager, network.name);
  // With another subnet it is made anew.
  const isKept = found?.IPAM.Config[0]?.Subnet === network.subnet;
  if (swarm === undefined || found === undefined || !isKept) return [];
  const mtu = found.Options[MTU_OPTION];
  const made = [
    { key: "swarm.encrypted", given: swarm.encrypted, is: found.Options[ENCRYPTED_OPTION] !== undefined },
    { key: "swarm.mtu", given: swarm.mtu ?? "", is: mtu === undefined ? "" : Number(mtu) },
  ];
  return made.flatMap(({ key, given, is }) => {
    if (given === is) return [];
    const destroyed = "destroy the stack first (npx pulumi destroy)";
    return [
      { key, given, allowed: `${is === "" ? "nothing" : is}, as its network was made; or ${destroyed}` },
    ];
  });
}
