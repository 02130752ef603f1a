import { type BatchSize, batchSize } from "./batch-size.ts";
import type { Server } from "./topology.ts";

/** An update of the app: what its containers are made from, and which ones it replaces, batch by batch. */
export interface Rollout {
  readonly definition: string;
  /** These servers keep their containers, and are proved up before the first batch. */
  readonly provedFirst: readonly Server[];
  readonly batches: readonly (readonly Server[])[];
}

/** Names the servers whose containers are replaced. */
export const replacedServers = ({ batches }: Rollout): ReadonlySet<string> =>
  new Set(batches.flat().map(({ name }) => name));

/** Knowledge of the app containers before an update. */
export interface RolloutInputs {
  readonly servers: readonly Server[];
  /** Names what the containers shall be made from. */
  readonly definition: string;
  /** Names what each existing container was made from, by container name. */
  readonly running: ReadonlyMap<string, string>;
  /** Names of the servers that are in rotation. */
  readonly serving: ReadonlySet<string>;
  /** Whether HAProxy answers, and has no server up. */
  readonly isAllDown: boolean;
  readonly batch: BatchSize;
}

/**
 * Divides the servers with an outdated container into batches. Servers out of rotation come first: their
 * replacement costs nothing, and may bring up the servers that the next batch needs. If no server is up,
 * there is nothing to protect, and perhaps only the whole update brings the servers up again: all containers
 * are replaced at once.
 */
export function planRollout({
  servers,
  definition,
  running,
  serving,
  isAllDown,
  batch,
}: RolloutInputs): Rollout {
  const outdated = servers.filter(
    ({ containerName }) => running.has(containerName) && running.get(containerName) !== definition,
  );
  const ordered = outdated.toSorted(
    (a, b) => Number(serving.has(a.name)) - Number(serving.has(b.name)) || a.id - b.id,
  );
  const size = isAllDown ? Math.max(1, ordered.length) : batchSize(batch, servers.length);
  const batches = Array.from({ length: Math.ceil(ordered.length / size) }, (_, index) =>
    ordered.slice(index * size, (index + 1) * size),
  );
  const provedFirst = isAllDown ? [] : servers.filter((server) => !outdated.includes(server));
  return { definition, provedFirst, batches };
}
