import { readConfig, writeConfig } from "../../docker/config-volume.ts";
import { connectEngine } from "../../docker/engine.ts";
import { type ConfigVolume, removeHelpers } from "../../docker/volume-command.ts";

/** A balancer's haproxy.cfg in its volume. */
export interface ConfigFileInputs extends ConfigVolume {
  readonly text: string;
}

/** Checks and writes the file. */
export async function installConfigFile(inputs: ConfigFileInputs): Promise<ConfigFileInputs> {
  await writeConfig(await connectEngine(), inputs, inputs.text);
  return inputs;
}

/** The file as it stands; an empty text when it is gone. */
export async function readConfigFile(state: ConfigFileInputs): Promise<ConfigFileInputs> {
  const text = await readConfig(await connectEngine(), state);
  return { ...state, text: text ?? "" };
}

/** The volume goes with the file; what could keep the volume in use is removed here. */
export async function deleteConfigFile(state: ConfigFileInputs): Promise<void> {
  await removeHelpers(await connectEngine(), state);
}

/** Another image may read the same text otherwise, so it is checked anew. */
export const configFileDiffers = (state: ConfigFileInputs, inputs: ConfigFileInputs): boolean =>
  state.text !== inputs.text || state.image !== inputs.image || state.volumeName !== inputs.volumeName;
