import { setTimeout as sleep } from "node:timers/promises";
import { RuntimeError } from "../../haproxy/runtime/runtime-error.ts";
import { countStickySessions } from "../../haproxy/runtime/stick-table.ts";
import type { Credentials, Endpoint } from "../../stack/endpoint.ts";
import { BACKEND } from "../../stack/topology.ts";
import { type HaproxyAddress, haproxyAt, waitReachable } from "./haproxy.ts";

/** A HAProxy container that shall serve before another is touched. */
export interface ServingInputs extends HaproxyAddress {
  /** Docker's id of the container: a new container is proved anew. */
  readonly haproxyContainerId: string;
  /** Balancers that were there before, from which it learns its sessions; one of them may be replaced next. */
  readonly others: readonly HaproxyAddress[];
  /** Of the runtime APIs, where these take any; a secret. */
  readonly credentials?: Credentials;
}

/**
 * Waits until the container's HAProxy answers, and has learned what the others remember of sessions: the next that is
 * replaced may be the last that knows. HAProxy opens its ports together, and takes the file's servers for up.
 * @throws {EngineError | RuntimeError} as {@link waitReachable}
 */
export async function proveServing(inputs: ServingInputs): Promise<ServingInputs> {
  const own = haproxyAt(inputs, inputs.credentials);
  await waitReachable(own);
  const others = inputs.others.map((address) => haproxyAt(address, inputs.credentials).endpoint);
  const missing = await waitForSessions(own.endpoint, others);
  if (missing > 0)
    console.log(
      `${inputs.haproxyContainer}: ${missing} sessions not learned from the other balancers within ${LEARNING_MS / 1000} s`,
    );
  return inputs;
}

const LEARNING_MS = 10_000;
const POLL_MS = 50;

/** Returns how many sessions are missing in the end; those that the others learn meanwhile do not count. */
async function waitForSessions(own: Endpoint, others: readonly Endpoint[]): Promise<number> {
  const deadline = Date.now() + LEARNING_MS;
  for (let wanted = Number.POSITIVE_INFINITY; ; ) {
    const [has, ...known] = await Promise.all([own, ...others].map(countIfKnown));
    if (has === undefined) return 0;
    wanted = Math.min(wanted, Math.max(0, ...known.map((count = 0) => count)));
    if (has >= wanted || Date.now() >= deadline) return Math.max(0, wanted - has);
    await sleep(POLL_MS);
  }
}

/** Undefined for a balancer that does not answer or, as in hash mode, has no table: it has nothing to teach or to learn. */
async function countIfKnown(endpoint: Endpoint): Promise<number | undefined> {
  try {
    return await countStickySessions(endpoint, BACKEND);
  } catch (error) {
    if (error instanceof RuntimeError) return undefined;
    throw error;
  }
}
