import { z } from "zod";
import { type Drift, findDrift } from "../../docker/drift.ts";
import { connectEngine } from "../../docker/engine.ts";
import { inspectContainer } from "../../docker/engine-replies.ts";
import type { Report } from "../../haproxy/servers/report.ts";
import { UPKEEP, type UpkeepInputs } from "../inputs.ts";
import { made, type ResourceType } from "./resource-type.ts";

/** What somebody did to the container, in words. */
const OUTPUTS = z.object({ drift: z.array(z.string()) });
type Outputs = z.infer<typeof OUTPUTS>;

/** What a container that the Docker provider made keeps while it runs. */
export const upkeep: ResourceType<UpkeepInputs, Outputs> = {
  inputs: UPKEEP,
  outputs: OUTPUTS,
  ...made(({ containerName }) => containerName, keepUp),
  async read(state) {
    return { drift: wordsOf(await lookAt(state)) };
  },
  differs: ({ drift, ...state }, inputs) =>
    drift.length > 0 || state.containerId !== inputs.containerId || limitsOf(state) !== limitsOf(inputs),
};

const limitsOf = ({ limits: { memory, pids } }: UpkeepInputs): string => `${memory} ${pids}`;

async function keepUp(
  inputs: UpkeepInputs,
  last: UpkeepInputs | undefined,
  report: Report,
): Promise<Outputs> {
  const drift = await lookAt(inputs);
  await drift?.mend();
  // A new container has never had the limits that the Docker provider cannot set.
  const words = wordsOf(drift);
  if (last?.containerId === inputs.containerId && words.length > 0) report(words.join(", "));
  return { drift: [] };
}

const wordsOf = (drift: Drift | undefined): string[] =>
  drift === undefined ? [] : [...drift.limits, ...drift.address, ...drift.networks];

async function lookAt(inputs: UpkeepInputs) {
  const docker = await connectEngine();
  const found = await inspectContainer(docker, inputs.containerName);
  return found && findDrift(docker, found, inputs);
}
