import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "../../stack/topology.ts";
import type { Haproxy } from "../runtime/client.ts";
import { readServers } from "../runtime/running-state.ts";
import { RuntimeError } from "../runtime/runtime-error.ts";
import { isInRotation } from "../runtime/state.ts";
import type { Report } from "./report.ts";
import { retireServers } from "./retire.ts";
import { bringUp } from "./sync.ts";

/** A step of a roll-out: between the containers that were replaced and those that are next. */
export interface GateTarget {
  readonly haproxy: Haproxy;
  /** Servers whose containers are as declared since the step before: just replaced or, before the first step, not replaced at all. */
  readonly previous: readonly Server[];
  /** Servers whose containers are replaced next. */
  readonly batch: readonly Server[];
  /** All declared servers, by name. */
  readonly declared: readonly string[];
  readonly drainTimeoutMs: number;
  readonly readyTimeoutMs: number;
}

const POLL_MS = 100;

/**
 * Proves that the containers before serve, then takes the next ones out of rotation and out of HAProxy, as servers that
 * are gone for good: the new container's is another server under the same name and id.
 * @throws {RuntimeError} when one of them does not come up, or nothing would be left in rotation
 */
export async function openGate(target: GateTarget, report: Report): Promise<void> {
  const { haproxy, previous, batch } = target;
  if (previous.length > 0) await bringUp({ ...target, servers: previous }, report);
  if (batch.length === 0) return;
  const names = batch.map(({ name }) => name);
  await waitForOthers(target, new Set(names));
  const running = new Set((await readServers(haproxy)).map(({ name }) => name));
  report(`roll-out: ${names.join(" ")} out of rotation`);
  await retireServers(
    target,
    names.filter((name) => running.has(name)),
    report,
  );
}

/** Taking the last servers in rotation would stop all traffic; those that were just started get their time instead. */
async function waitForOthers(
  { haproxy, declared, readyTimeoutMs }: GateTarget,
  leaving: ReadonlySet<string>,
): Promise<void> {
  if (declared.every((name) => leaving.has(name))) return; // the only one
  const deadline = Date.now() + readyTimeoutMs;
  for (;;) {
    const serving = (await readServers(haproxy)).filter(isInRotation).map(({ name }) => name);
    if (serving.length === 0 || serving.some((name) => !leaving.has(name))) return;
    if (Date.now() >= deadline) {
      throw new RuntimeError(
        "timeout",
        `${serving.join(" ")} cannot be taken out of rotation: within ${readyTimeoutMs / 1000} s (readyTimeout) no other server was up and in rotation`,
      );
    }
    await sleep(POLL_MS);
  }
}
