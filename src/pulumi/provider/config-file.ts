import { readConfig, writeConfig } from "../../docker/config-volume.ts";
import { connectEngine } from "../../docker/engine.ts";
import { removeHelpers } from "../../docker/volume-command.ts";
import { CONFIG_FILE, type ConfigFileInputs } from "../inputs.ts";
import { made, NOTHING, type ResourceType } from "./resource-type.ts";

/** A balancer's haproxy.cfg in its volume. */
export const configFile: ResourceType<ConfigFileInputs, object> = {
  inputs: CONFIG_FILE,
  outputs: NOTHING,
  replacedFor: ["volumeName"],
  ...made(({ volumeName }) => volumeName, install),
  /** The file as it stands; an empty text when it is gone. */
  async read(state) {
    return { text: (await readConfig(await connectEngine(), state)) ?? "" };
  },
  /** Another image may read the same text otherwise, so it is checked anew. */
  differs: (state, inputs) => state.text !== inputs.text || state.image !== inputs.image,
  /** The volume goes with the file; what could keep the volume in use is removed here. */
  async delete(state) {
    await removeHelpers(await connectEngine(), state);
  },
};

async function install(inputs: ConfigFileInputs): Promise<object> {
  await writeConfig(await connectEngine(), inputs, inputs.text);
  return {};
}
