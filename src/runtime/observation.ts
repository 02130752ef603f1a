import { BACKEND } from "../topology.ts";
import { type RunningState, readState } from "./client.ts";
import type { Endpoint } from "./endpoint.ts";
import { RuntimeError } from "./error.ts";

/** What the first balancer that answers runs; undefined when none does, as before the first update. */
export async function observeRuntime(endpoints: readonly Endpoint[]): Promise<RunningState | undefined> {
  for (const endpoint of endpoints) {
    try {
      return await readState(endpoint, BACKEND);
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error; // that one is down; an update brings it back
    }
  }
  return undefined;
}
