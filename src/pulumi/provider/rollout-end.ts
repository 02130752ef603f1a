import { ROLLOUT_END, type RolloutEndInputs } from "../inputs.ts";
import { rolloutOf } from "./app-rollout.ts";
import { bringUpEverywhere } from "./app-rotation.ts";
import { hostOf } from "./host-of.ts";
import { made, NOTHING, type ResourceType } from "./resource-type.ts";
import { endStandIn, findStandIn } from "./stand-in.ts";

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
      await forgetKept(inputs);
      return {};
    },
  ),
  differs: (_state, inputs) => isUnderWay(inputs),
  async delete(state, report) {
    await endStandIn(state, report);
    await forgetKept(state);
  },
};

async function isUnderWay(inputs: RolloutEndInputs): Promise<boolean> {
  const host = await hostOf(inputs);
  if ((await findStandIn(host, inputs)) !== undefined) return true;
  return (await host.findKept(inputs.labels)).length > 0;
}

async function forgetKept(inputs: RolloutEndInputs): Promise<void> {
  const host = await hostOf(inputs);
  const kept = await host.findKept(inputs.labels);
  await Promise.all(kept.map((each) => host.forget(each)));
  await host.removeUnusedFiles(inputs.labels);
}
