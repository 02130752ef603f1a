import { readConfig, writeConfig } from "../../docker/config-volume.ts";
import { removeHelpers } from "../../docker/volume-command.ts";
import { ReloadRefusedError } from "../../haproxy/runtime/runtime-error.ts";
import type { Report } from "../../haproxy/servers/report.ts";
import { tryNext } from "../../haproxy/servers/sync.ts";
import { INSTALLED_CONFIG, type InstalledConfigInputs } from "../inputs.ts";
import { haproxyAt } from "./haproxy.ts";
import { engineOf } from "./host-of.ts";
import { made, NOTHING, type ResourceType } from "./resource-type.ts";

/** A balancer's haproxy.cfg in its volume. */
export const configFile: ResourceType<InstalledConfigInputs, object> = {
  inputs: INSTALLED_CONFIG,
  outputs: NOTHING,
  replacedFor: ["volumeName"],
  whenDown: ({ volumeName }) => ({ id: volumeName, outputs: {} }),
  ...made(({ volumeName }) => volumeName, install),
  /** The file as it stands; an empty text when it is gone. */
  async read(state) {
    return { text: (await readConfig(await engineOf(state), state)) ?? "" };
  },
  /** Another image may read the same text otherwise, so it is checked anew. */
  differs: (state, inputs) => state.text !== inputs.text || state.image !== inputs.image,
  /** The volume goes with the file; what could keep the volume in use is removed here. */
  async delete(state) {
    await removeHelpers(await engineOf(state), state);
  },
};

/** A check that the running containers refuse gets no further: neither a reload nor a restart meets it. */
async function install(
  inputs: InstalledConfigInputs,
  _last: InstalledConfigInputs | undefined,
  tell: Report,
): Promise<object> {
  const { running, credentials, volumeName } = inputs;
  try {
    if (running !== undefined)
      await tryNext(haproxyAt(running, credentials), (line, kind) =>
        tell(`${running.haproxyContainer}: ${line}`, kind),
      );
  } catch (error) {
    if (!(error instanceof ReloadRefusedError)) throw error;
    const words = `the old worker serves on, with its config in volume ${volumeName}`;
    throw new ReloadRefusedError(`${error.message}; ${words}`);
  }
  await writeConfig(await engineOf(inputs), inputs, inputs.text);
  return {};
}
