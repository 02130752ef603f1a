import { type BatchSize, batchSize } from "./batch-size.ts";
import type { Server } from "./topology.ts";

/** An update of the app: which containers are replaced, in which order, and how many at a time. */
export interface Rollout {
  /** These servers keep or get their containers, and are proved up before the first one is replaced. */
  readonly provedFirst: readonly Server[];
  /** These servers get another container. */
  readonly replaced: readonly Server[];
  /** So many containers are replaced at a time, also those that nobody planned to replace. */
  readonly atATime: number;
  /** Names of servers that move to another machine of a Swarm; some of those that are replaced. */
  readonly moved?: readonly string[] | undefined;
}

/** Leaves out the servers that a roll-out takes out, replaces and proves by itself. */
export function withoutReplaced<S extends { readonly name: string }>(
  servers: readonly S[],
  { replaced }: Rollout,
): S[] {
  const names = new Set(replaced.map(({ name }) => name));
  return servers.filter(({ name }) => !names.has(name));
}

/** Knowledge of the app containers before an update. */
export interface RolloutInputs {
  readonly servers: readonly Server[];
  /** Names what each container shall be made from, by container name. */
  readonly definitions: ReadonlyMap<string, string>;
  /** Names what each existing container was made from, by container name. */
  readonly running: ReadonlyMap<string, string>;
  /** Names of the servers that are in rotation. */
  readonly serving: ReadonlySet<string>;
  /** Whether HAProxy answers, and has no server up. */
  readonly isAllDown: boolean;
  readonly batch: BatchSize;
  /** Names of servers that are moved to another machine, though they run what they shall. */
  readonly moved?: readonly string[] | undefined;
}

/**
 * Puts the servers with an outdated container into an order. Servers out of rotation come first: their
 * replacement costs nothing, and may bring up the servers that the next ones need. If no server is up, there
 * is nothing to protect, and perhaps only the whole update brings the servers up again: all are replaced at
 * once.
 */
export function planRollout(inputs: RolloutInputs): Rollout {
  const { servers, definitions, running, serving, isAllDown, batch, moved = [] } = inputs;
  const isOutdated = ({ name, containerName }: Server): boolean =>
    running.has(containerName) &&
    (moved.includes(name) || running.get(containerName) !== definitions.get(containerName));
  const outdated = servers.filter(isOutdated);
  const replaced = outdated.toSorted(
    (a, b) => Number(serving.has(a.name)) - Number(serving.has(b.name)) || a.id - b.id,
  );
  const hasToProve = replaced.length > 0 && !isAllDown;
  return {
    provedFirst: hasToProve ? servers.filter((server) => !isOutdated(server)) : [],
    replaced,
    ...(moved.length > 0 && { moved }),
    atATime: isAllDown ? Math.max(1, servers.length) : batchSize(batch, servers.length),
  };
}
