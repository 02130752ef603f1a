import { BACKEND } from "../topology.ts";
import { type RunningState, readState } from "./client.ts";
import type { Endpoint } from "./endpoint.ts";
import { RuntimeError } from "./error.ts";

/** What each balancer runs, by the names given; those that do not answer are left out, as before the first update. */
export async function observeRuntimes(endpoints: ReadonlyMap<string, Endpoint>): Promise<ReadonlyMap<string, RunningState>> {
  const found = await Promise.all([...endpoints].map(async ([name, endpoint]) => [name, await observeRuntime(endpoint)] as const));
  return new Map(found.flatMap(([name, running]) => (running === undefined ? [] : [[name, running] as const])));
}

async function observeRuntime(endpoint: Endpoint): Promise<RunningState | undefined> {
  try {
    return await readState(endpoint, BACKEND);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    return undefined; // that one is down; an update brings it back
  }
}
