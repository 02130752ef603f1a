import { type BatchSize, batchSize } from "./batch-size.ts";
import type { Server } from "./topology.ts";

/** An update of the app: which containers are replaced, in which order, and how many at a time. */
export interface Rollout {
  /** Servers whose containers stay or are new, and which are proved up before the first one is replaced. */
  readonly provedFirst: readonly Server[];
  /** Servers whose containers are replaced. */
  readonly replaced: readonly Server[];
  /** How many containers are replaced at a time, those included that nobody planned to replace. */
  readonly atATime: number;
}

/** What is known about the app containers before an update. */
export interface RolloutInputs {
  readonly servers: readonly Server[];
  /** What each container shall be made from, by container name. */
  readonly definitions: ReadonlyMap<string, string>;
  /** What each existing container was made from, by container name. */
  readonly running: ReadonlyMap<string, string>;
  /** Servers that are in rotation, by name. */
  readonly serving: ReadonlySet<string>;
  /** Whether HAProxy answers, and has no server up. */
  readonly isAllDown: boolean;
  readonly batch: BatchSize;
}

/**
 * Puts the servers whose containers are to be replaced into an order. Servers that are not in rotation come
 * first: replacing them costs nothing, and may be what brings enough servers up to go on. Where nobody serves
 * there is nothing to protect, and what keeps all down may be mended by the end of the update alone: all are
 * replaced at once.
 */
export function planRollout(inputs: RolloutInputs): Rollout {
  const { servers, definitions, running, serving, isAllDown, batch } = inputs;
  const isOutdated = ({ containerName }: Server): boolean =>
    running.has(containerName) && running.get(containerName) !== definitions.get(containerName);
  const outdated = servers.filter(isOutdated);
  const replaced = outdated.toSorted(
    (a, b) => Number(serving.has(a.name)) - Number(serving.has(b.name)) || a.id - b.id,
  );
  const hasToProve = replaced.length > 0 && !isAllDown;
  return {
    provedFirst: hasToProve ? servers.filter((server) => !isOutdated(server)) : [],
    replaced,
    atATime: isAllDown ? Math.max(1, servers.length) : batchSize(batch, servers.length),
  };
}
