import pLimit, { type LimitFunction } from "p-limit";
import { poll } from "../../stack/clock.ts";
import { formatEndpoint } from "../../stack/endpoint.ts";
import type { Haproxy } from "../runtime/client.ts";
import { readServers } from "../runtime/running-state.ts";
import { RuntimeError } from "../runtime/runtime-error.ts";
import { isInRotation } from "../runtime/state.ts";
import type { Report } from "./report.ts";
import { retireServers } from "./retire.ts";
import { PROGRESS, secondsLeft, type Target } from "./target.ts";

/** A server whose container is about to be replaced. */
export interface TakeOutTarget extends Target {
  readonly name: string;
}

const POLL_MS = 100;

/**
 * Takes a server out of rotation and out of HAProxy, as one that is gone for good: its successor is another
 * server under the same name and id. The last one in rotation is not taken out.
 * @throws {RuntimeError} when no other server comes into rotation in time
 */
export async function takeOut(target: TakeOutTarget, report: Report): Promise<void> {
  const { haproxy, name } = target;
  // Of two that leave at the same time each would count on the other.
  await turnOf(haproxy)(async () => {
    await waitForAnother(target, report);
    await haproxy.runSteps([haproxy.steps.pause(name)]);
  });
  report(`roll-out: ${name} out of rotation`);
  await retireServers(target, [name], report);
}

/** Gives servers that were just started their time. If none is in rotation, nobody is served. */
async function waitForAnother(target: TakeOutTarget, report: Report): Promise<void> {
  const { haproxy, name, readyTimeoutMs, clock } = target;
  const look = async (): Promise<boolean> => {
    const serving = (await readServers(haproxy)).filter(isInRotation);
    return serving.length === 0 || serving.some((server) => server.name !== name);
  };
  const tell = (_isFree: boolean, leftMs: number): void =>
    report(`${name} waits for another server in rotation, ${secondsLeft(leftMs)} left`, "progress");
  const until = (isFree: boolean): boolean => isFree;
  const progress = { ...PROGRESS, tell };
  if (await poll(look, { until, everyMs: POLL_MS, timeoutMs: readyTimeoutMs, clock, progress })) return;
  const why = `within ${readyTimeoutMs / 1000} s (readyTimeout) no other server was up and in rotation`;
  throw new RuntimeError("timeout", `${name} cannot be taken out of rotation: ${why}`);
}

/** Servers leave a HAProxy's rotation one after the other. */
const turns = new Map<string, LimitFunction>();

function turnOf({ endpoint }: Haproxy): LimitFunction {
  const key = formatEndpoint(endpoint);
  const turn = turns.get(key) ?? pLimit(1);
  turns.set(key, turn);
  return turn;
}
