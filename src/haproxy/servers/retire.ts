import { setTimeout as sleep } from "node:timers/promises";
import type { Haproxy } from "../runtime/client.ts";
import { readOldSessions, readSessions } from "../runtime/running-state.ts";
import { STILL_BUSY } from "../runtime/steps.ts";
import type { Report } from "./report.ts";

const POLL_MS = 200;
const PROGRESS_MS = 5_000;
/** How long closed sessions may take to be gone. Those of a client that left while the app holds on never go. */
const CLOSE_GRACE_MS = 3_000;

/** Where servers are removed, and how long their sessions may go on. */
export interface RemovalTarget {
  readonly haproxy: Haproxy;
  readonly drainTimeoutMs: number;
}

/**
 * Takes servers out of HAProxy whose containers go afterwards. Sessions that a worker of before a reload still carries get
 * their time as well; those that are left then end with the container, as HAProxy cannot close them.
 */
export async function retireServers(
  target: RemovalTarget,
  names: readonly string[],
  report: Report,
): Promise<void> {
  await Promise.all([removeServers(target, names, report), waitForOldWorkers(target, names, report)]);
}

/**
 * Takes servers out of HAProxy without a lost request: out of rotation at once, deleted as soon as their sessions have
 * ended. What is left after `drainTimeoutMs` is closed and reported. A server that keeps a session even so stays in
 * maintenance; its container's end closes the session, and the next update deletes it.
 */
export async function removeServers(
  { haproxy, drainTimeoutMs }: RemovalTarget,
  names: readonly string[],
  report: Report,
): Promise<void> {
  if (names.length === 0) return;
  const { pause, shutdownSessions } = haproxy.steps;
  await haproxy.runSteps(names.map((name) => pause(name)));
  const busy = await deleteIdle({ haproxy, timeoutMs: drainTimeoutMs }, names, report);
  if (busy.size === 0) return;
  await haproxy.runSteps([...busy.keys()].map((name) => shutdownSessions(name)));
  for (const [name, count] of busy)
    report(`${name}: ${plural(count)} closed after ${drainTimeoutMs / 1000} s`);
  const stuck = await deleteIdle({ haproxy, timeoutMs: CLOSE_GRACE_MS }, [...busy.keys()], () => {});
  for (const [name, count] of stuck)
    report(
      `${name}: ${plural(count)} not closed by HAProxy, end with the container; the next update deletes ${name}`,
    );
}

/** Deletes servers as they run out of sessions. Returns those that still have some, with their number. */
async function deleteIdle(
  { haproxy, timeoutMs }: { readonly haproxy: Haproxy; readonly timeoutMs: number },
  names: readonly string[],
  report: Report,
): Promise<Map<string, number>> {
  const deadline = Date.now() + timeoutMs;
  const tellProgress = progress(deadline, report);
  let left = names;
  for (;;) {
    const sessions = await readSessions(haproxy);
    const count = (name: string): number => sessions.get(name) ?? 0;
    const deleted = await deleteServers(
      haproxy,
      left.filter((name) => count(name) === 0),
    );
    left = left.filter((name) => !deleted.has(name));
    const busy = new Map(left.map((name) => [name, Math.max(1, count(name))]));
    const now = Date.now();
    if (left.length === 0 || now >= deadline) return busy;
    tellProgress([...busy].map(([name, sessionCount]) => `${name}: ${plural(sessionCount)} left`));
    await sleep(Math.min(POLL_MS, deadline - now));
  }
}

async function waitForOldWorkers(
  { haproxy, drainTimeoutMs }: RemovalTarget,
  names: readonly string[],
  report: Report,
): Promise<void> {
  if (names.length === 0) return;
  const deadline = Date.now() + drainTimeoutMs;
  const tellProgress = progress(deadline, report);
  for (;;) {
    const sessions = await readOldSessions(haproxy);
    const busy = names
      .map((name) => ({ name, count: sessions.get(name) ?? 0 }))
      .filter(({ count }) => count > 0);
    if (busy.length === 0) return;
    const words = busy.map(({ name, count }) => `${name}: ${plural(count)} of before a reload`);
    const now = Date.now();
    if (now >= deadline) {
      for (const text of words) report(`${text} closed after ${drainTimeoutMs / 1000} s, with the container`);
      return;
    }
    tellProgress(words.map((text) => `${text} left`));
    await sleep(Math.min(POLL_MS, deadline - now));
  }
}

/** Tells after a second, and then every five, what is waited for. */
function progress(deadline: number, report: Report): (words: readonly string[]) => void {
  let next = Date.now() + PROGRESS_MS / 5;
  return (words) => {
    const now = Date.now();
    if (now < next) return;
    next = now + PROGRESS_MS;
    report(`${words.join(", ")}; closed in ${Math.ceil((deadline - now) / 1000)} s`);
  };
}

/** Returns the servers that HAProxy deleted; a session that came in between is an outcome, not an error. */
async function deleteServers(haproxy: Haproxy, names: readonly string[]): Promise<Set<string>> {
  const answers = await haproxy.runSteps(names.flatMap((name) => haproxy.steps.delete(name)));
  return new Set(names.filter((_, index) => !STILL_BUSY.test(answers[2 * index + 1] ?? "")));
}

const plural = (count: number): string => `${count} session${count === 1 ? "" : "s"}`;
