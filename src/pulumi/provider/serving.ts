import type { Haproxy } from "../../haproxy/runtime/client.ts";
import { unlessDown } from "../../haproxy/runtime/running-state.ts";
import { countStickySessions } from "../../haproxy/runtime/stick-table.ts";
import type { Report } from "../../haproxy/servers/report.ts";
import { poll } from "../../stack/clock.ts";
import { SERVING, type ServingInputs } from "../inputs.ts";
import { haproxyAt, waitReachable } from "./haproxy.ts";
import { made, NOTHING, type ResourceType } from "./resource-type.ts";

/** A HAProxy container that shall serve before another is touched. */
export const serving: ResourceType<ServingInputs, object> = {
  inputs: SERVING,
  outputs: NOTHING,
  whenDown: ({ haproxyContainer }) => ({ id: haproxyContainer, outputs: {} }),
  ...made(({ haproxyContainer }) => haproxyContainer, proveServing),
  differs: (state, inputs) => state.haproxyContainerId !== inputs.haproxyContainerId,
};

/**
 * Waits until the container's HAProxy answers, and has learned what the others remember of sessions: the next
 * that is replaced may be the last that knows. HAProxy opens its ports together, and takes the file's servers
 * for up.
 * @throws {EngineError | RuntimeError} as {@link waitReachable}
 */
async function proveServing(inputs: ServingInputs, _last: unknown, report: Report): Promise<object> {
  const own = haproxyAt(inputs, inputs.credentials);
  await waitReachable(own);
  const others = inputs.others.map((address) => haproxyAt(address, inputs.credentials).haproxy);
  const missing = await waitForSessions(own.haproxy, others);
  const what = `${missing} sessions not learned from the other balancers within ${LEARNING_MS / 1000} s`;
  if (missing > 0) report(`${inputs.haproxyContainer}: ${what}`);
  return {};
}

const LEARNING_MS = 10_000;
const POLL_MS = 50;

/** Returns how many sessions are missing in the end; those that the others learn meanwhile do not count. */
async function waitForSessions(own: Haproxy, others: readonly Haproxy[]): Promise<number> {
  // A balancer that does not answer or has no table has nothing to teach or to learn.
  const count = (haproxy: Haproxy) => unlessDown(() => countStickySessions(haproxy));
  let wanted = Number.POSITIVE_INFINITY;
  const look = async (): Promise<number> => {
    const [has, ...known] = await Promise.all([own, ...others].map(count));
    if (has === undefined) return 0;
    wanted = Math.min(wanted, Math.max(0, ...known.map((remembered = 0) => remembered)));
    return Math.max(0, wanted - has);
  };
  const until = (missing: number): boolean => missing === 0;
  return await poll(look, { until, everyMs: POLL_MS, timeoutMs: LEARNING_MS });
}
