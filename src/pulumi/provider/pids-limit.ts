import { setPidsLimit } from "../../docker/containers.ts";
import { connectEngine } from "../../docker/engine.ts";

/** A limit for containers that are running. */
export interface PidsLimitInputs {
  /** Docker's ids: a container that was replaced has another, and no limit yet. */
  readonly containerIds: readonly string[];
  /** Processes and threads of each. */
  readonly limit: number;
}

/** Containers at a time; an engine with hundreds shall not be asked for all at once. */
const AT_A_TIME = 8;

/** Sets the limit on every container that has another one. */
export async function limitPids(inputs: PidsLimitInputs): Promise<PidsLimitInputs> {
  const docker = await connectEngine();
  for (let at = 0; at < inputs.containerIds.length; at += AT_A_TIME) {
    await Promise.all(
      inputs.containerIds.slice(at, at + AT_A_TIME).map((id) => setPidsLimit(docker, id, inputs.limit)),
    );
  }
  return inputs;
}

/**
 * Whether a container may be without the limit. One that is gone makes no difference. While a container is about to be
 * replaced, Pulumi hands over a placeholder instead of the list.
 */
export const pidsLimitDiffers = (state: PidsLimitInputs, { limit, containerIds }: PidsLimitInputs): boolean =>
  state.limit !== limit ||
  !Array.isArray(containerIds) ||
  containerIds.some((id) => !state.containerIds.includes(id));
