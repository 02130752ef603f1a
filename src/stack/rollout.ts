import { type BatchSize, batchSize } from "./batch-size.ts";
import type { Server } from "./topology.ts";

/** An update of the app: what containers shall be made from, and which are replaced, batch by batch. */
export interface Rollout {
  readonly definition: string;
  /** Servers whose containers stay, and which are proved up before the first batch. */
  readonly provedFirst: readonly Server[];
  readonly batches: readonly (readonly Server[])[];
}

/** Servers whose containers are replaced, by name. */
export const replacedServers = ({ batches }: Rollout): ReadonlySet<string> =>
  new Set(batches.flat().map(({ name }) => name));

/** What is known about the app containers before an update. */
export interface RolloutInputs {
  readonly servers: readonly Server[];
  /** What the containers shall be made from. */
  readonly definition: string;
  /** What each existing container was made from, by container name. */
  readonly running: ReadonlyMap<string, string>;
  /** Servers that are in rotation, by name. */
  readonly serving: ReadonlySet<string>;
  /** Whether HAProxy answers, and has no server up. */
  readonly isAllDown: boolean;
  readonly batch: BatchSize;
}

/**
 * Divides the servers whose containers are to be replaced into batches. Servers that are not in rotation come first:
 * replacing them costs nothing, and may be what brings enough servers up to go on. Where nobody serves there is nothing
 * to protect, and what keeps all down may be mended by the end of the update alone: all are replaced at once.
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
