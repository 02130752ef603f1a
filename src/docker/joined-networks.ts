import type Docker from "dockerode";
import type { Settings } from "../stack/settings.ts";
import { SettingsError } from "../stack/settings-error.ts";
import type { Topology } from "../stack/topology.ts";
import { inspectNetwork } from "./engine-replies.ts";

/**
 * Looks for the networks that the app containers shall join, which somebody else has made.
 * @param mayBeMissing Whether they are made in the update that this is the preview of.
 * @throws {SettingsError} One is not there, or is the stack's own.
 */
export async function checkJoinedNetworks(
  docker: Docker,
  { stack, app }: Settings,
  { network }: Topology,
  mayBeMissing = false,
): Promise<void> {
  const isThere = async (name: string) => mayBeMissing || (await inspectNetwork(docker, name)) !== undefined;
  const found = await Promise.all(app.networks.map(async (name) => ({ name, isThere: await isThere(name) })));
  const mistakes = found.flatMap(({ name, isThere }) => {
    const allowed =
      name === network.name ? "networks besides the stack's own" : "networks that are on the engine";
    return isThere && name !== network.name ? [] : [{ key: "app.networks", given: name, allowed }];
  });
  if (mistakes.length > 0) throw new SettingsError(stack, mistakes);
}
