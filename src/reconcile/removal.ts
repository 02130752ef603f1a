import { setTimeout as sleep } from "node:timers/promises";
import { readSessions, runSteps, STILL_BUSY, steps } from "../runtime/client.ts";
import type { Endpoint } from "../runtime/endpoint.ts";
import { BACKEND } from "../topology.ts";
import type { Report } from "./report.ts";

const POLL_MS = 200;
const PROGRESS_MS = 5_000;
/** How long closed sessions may take to be gone. Those of a client that left while the app holds on never go. */
const CLOSE_GRACE_MS = 3_000;

/**
 * Takes servers out of HAProxy without a lost request: out of rotation at once, deleted as soon as their sessions have
 * ended. What is left after `drainTimeoutMs` is closed and reported. A server that keeps a session even so stays in
 * maintenance; its container's end closes the session, and the next update deletes it.
 */
export async function removeServers(
  { endpoint, drainTimeoutMs }: { readonly endpoint: Endpoint; readonly drainTimeoutMs: number },
  names: readonly string[],
  report: Report,
): Promise<void> {
  if (names.length === 0) return;
  const { pause, shutdownSessions } = steps(BACKEND);
  await runSteps(
    endpoint,
    names.map((name) => pause(name)),
  );
  const busy = await deleteIdle({ endpoint, timeoutMs: drainTimeoutMs }, names, report);
  if (busy.size === 0) return;
  await runSteps(
    endpoint,
    [...busy.keys()].map((name) => shutdownSessions(name)),
  );
  for (const [name, count] of busy) report(`${name}: ${plural(count)} closed after ${drainTimeoutMs / 1000} s`);
  const stuck = await deleteIdle({ endpoint, timeoutMs: CLOSE_GRACE_MS }, [...busy.keys()], () => {});
  for (const [name, count] of stuck)
    report(`${name}: ${plural(count)} not closed by HAProxy, end with the container; the next update deletes ${name}`);
}

/** Deletes servers as they run out of sessions. Returns those that still have some, with their number. */
async function deleteIdle(
  { endpoint, timeoutMs }: { readonly endpoint: Endpoint; readonly timeoutMs: number },
  names: readonly string[],
  report: Report,
): Promise<Map<string, number>> {
  const deadline = Date.now() + timeoutMs;
  let nextProgress = Date.now() + PROGRESS_MS / 5;
  let left = names;
  for (;;) {
    const sessions = await readSessions(endpoint, BACKEND);
    const count = (name: string): number => sessions.get(name) ?? 0;
    const deleted = await deleteServers(
      endpoint,
      left.filter((name) => count(name) === 0),
    );
    left = left.filter((name) => !deleted.has(name));
    const busy = new Map(left.map((name) => [name, Math.max(1, count(name))]));
    const now = Date.now();
    if (left.length === 0 || now >= deadline) return busy;
    if (now >= nextProgress) {
      nextProgress = now + PROGRESS_MS;
      const seconds = Math.ceil((deadline - now) / 1000);
      report(`${[...busy].map(([name, sessionCount]) => `${name}: ${plural(sessionCount)} left`).join(", ")}; closed in ${seconds} s`);
    }
    await sleep(Math.min(POLL_MS, deadline - now));
  }
}

/** Returns the servers that HAProxy deleted; a session that came in between is an outcome, not an error. */
async function deleteServers(endpoint: Endpoint, names: readonly string[]): Promise<Set<string>> {
  const answers = await runSteps(
    endpoint,
    names.flatMap((name) => steps(BACKEND).delete(name)),
  );
  return new Set(names.filter((_, index) => !STILL_BUSY.test(answers[2 * index + 1] ?? "")));
}

const plural = (count: number): string => `${count} session${count === 1 ? "" : "s"}`;
