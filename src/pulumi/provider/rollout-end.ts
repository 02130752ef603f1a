import { findApp, removeApp } from "../../docker/app-container.ts";
import { removeUnusedFiles } from "../../docker/app-files.ts";
import { connectEngine } from "../../docker/engine.ts";
import { findAside } from "../../docker/set-aside.ts";
import { ROLLOUT_END, type RolloutEndInputs } from "../inputs.ts";
import { rolloutOf } from "./app-rollout.ts";
import { bringUpEverywhere } from "./app-rotation.ts";
import { made, NOTHING, type ResourceType } from "./resource-type.ts";
import { endStandIn } from "./stand-in.ts";

/**
 * The end of a roll-out, after all of its containers: what ran before is kept until every server of the new
 * version is up. It has nothing to do unless this update or one that was killed has replaced a container.
 */
export const rolloutEnd: ResourceType<RolloutEndInputs, object> = {
  inputs: ROLLOUT_END,
  outputs: NOTHING,
  ...made(
    ({ standIn }) => standIn.containerName,
    async (inputs, _last, report) => {
      if (!(await isUnderWay(inputs))) return {};
      await rolloutOf(inputs).prove("the proof of all", inputs, report, () =>
        bringUpEverywhere(inputs, inputs.servers, report),
      );
      await endStandIn(inputs, report);
      await removeAside(inputs);
      await removeUnusedFiles(await connectEngine(), inputs.labels);
      return {};
    },
  ),
  differs: (_state, inputs) => isUnderWay(inputs),
  async delete(state, report) {
    await endStandIn(state, report);
    await removeAside(state);
    await removeUnusedFiles(await connectEngine(), state.labels);
  },
};

async function isUnderWay({ standIn, labels }: RolloutEndInputs): Promise<boolean> {
  const docker = await connectEngine();
  if ((await findApp(docker, standIn.containerName)) !== undefined) return true;
  return (await findAside(docker, labels)).length > 0;
}

async function removeAside({ labels }: RolloutEndInputs): Promise<void> {
  const docker = await connectEngine();
  const aside = await findAside(docker, labels);
  await Promise.all(aside.map(({ id }) => removeApp(docker, id)));
}
