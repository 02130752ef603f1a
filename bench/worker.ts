import type { TestStack } from "../test/harness/stack.ts";

type HaproxyIdentity = Awaited<ReturnType<TestStack["haproxyIdentity"]>>;

/** The fate of HAProxy's worker. */
export type WorkerFate = "the same" | "reloaded" | "new container or restart";

/** Compares HAProxy before and after a change. */
export function workerFate(before: HaproxyIdentity, after: HaproxyIdentity): WorkerFate {
  if (after.id !== before.id || after.startedAt !== before.startedAt) return "new container or restart";
  return after.pid === before.pid ? "the same" : "reloaded";
}
