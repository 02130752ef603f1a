import pMap from "p-map";
import { setPidsLimit } from "../../docker/containers.ts";
import { connectEngine } from "../../docker/engine.ts";
import { PIDS_LIMIT, type PidsLimitInputs } from "../inputs.ts";
import { made, NOTHING, type ResourceType } from "./resource-type.ts";

/** Containers at a time; an engine with hundreds shall not be asked for all at once. */
const AT_A_TIME = 8;

/** A limit of processes for containers that the Docker provider made. */
export const pidsLimit: ResourceType<PidsLimitInputs, object> = {
  inputs: PIDS_LIMIT,
  outputs: NOTHING,
  ...made(() => "pids", limitPids),
  /** Whether a container may be without the limit. One that is gone makes no difference. */
  differs: (state, { limit, containerIds }) =>
    state.limit !== limit || containerIds.some((id) => !state.containerIds.includes(id)),
};

async function limitPids({ containerIds, limit }: PidsLimitInputs): Promise<object> {
  const docker = await connectEngine();
  await pMap(containerIds, (id) => setPidsLimit(docker, id, limit), { concurrency: AT_A_TIME });
  return {};
}
