import { ifFound } from "../../docker/engine-error.ts";
import { inspectVolume } from "../../docker/engine-replies.ts";
import { checkIsOwn } from "../../docker/labels.ts";
import { MACHINE_VOLUME, type MachineVolumeInputs } from "../inputs.ts";
import { engineOf } from "./host-of.ts";
import { made, NOTHING, type ResourceType } from "./resource-type.ts";

/** A volume on a machine. */
export const machineVolume: ResourceType<MachineVolumeInputs, object> = {
  inputs: MACHINE_VOLUME,
  outputs: NOTHING,
  replacedFor: ["volumeName"],
  whenDown: ({ volumeName }) => ({ id: volumeName, outputs: {} }),
  ...made(({ volumeName }) => volumeName, ensure),
  async read(state) {
    return (await inspectVolume(await engineOf(state), state.volumeName)) === undefined ? "gone" : {};
  },
  /** Another engine has no such volume yet. */
  differs: (state, inputs) => state.machine.engine !== inputs.machine.engine,
  async delete(state) {
    const docker = await engineOf(state);
    await ifFound(() => docker.getVolume(state.volumeName).remove());
  },
};

async function ensure(inputs: MachineVolumeInputs): Promise<object> {
  const { volumeName: Name, labels } = inputs;
  const docker = await engineOf(inputs);
  const found = await inspectVolume(docker, Name);
  if (found === undefined) await docker.createVolume({ Name, Labels: { ...labels } });
  else checkIsOwn("volume", Name, found.Labels, labels);
  return {};
}
