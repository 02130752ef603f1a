import { poll } from "../../stack/clock.ts";
import type { Haproxy } from "../runtime/client.ts";
import { readOldSessions, readServers, readSessions } from "../runtime/running-state.ts";
import { STILL_BUSY } from "../runtime/steps.ts";
import type { Report } from "./report.ts";
import { PROGRESS, secondsLeft, type Target } from "./target.ts";

const POLL_MS = 200;
/** Closed sessions are gone within this time, but for those of a client that left while the app holds on. */
const CLOSE_GRACE_MS = 3_000;

type Removal = Pick<Target, "haproxy" | "clock" | "drainTimeoutMs">;

/**
 * Takes servers out of HAProxy whose containers go afterwards. Sessions that a worker of before a reload
 * still carries get their time as well; those that are left then end with the container, as HAProxy cannot
 * close them.
 */
export async function retireServers(target: Removal, names: readonly string[], report: Report) {
  if (names.length === 0) return;
  await Promise.all([removeServers(target, names, report), waitForOldWorkers(target, names, report)]);
}

/**
 * Takes servers out of HAProxy without a lost request: out of rotation at once, deleted as soon as their
 * sessions have ended; a slot stays in maintenance. What is left after `drainTimeoutMs` is closed and
 * reported. A server that keeps a session even so stays in maintenance; its container's end closes the
 * session, and the next update deletes it.
 */
export async function removeServers(target: Removal, names: readonly string[], report: Report) {
  if (names.length === 0) return;
  const { haproxy, drainTimeoutMs } = target;
  const { pause, shutdownSessions } = haproxy.steps;
  await haproxy.runSteps(names.map((name) => pause(name)));
  const slots = await findSlots(haproxy);
  const busy = await deleteIdle(target, { names, slots }, report);
  if (busy.size === 0) return;
  await haproxy.runSteps([...busy.keys()].map((name) => shutdownSessions(name)));
  for (const [name, count] of busy)
    report(`${name}: ${plural(count)} closed after ${drainTimeoutMs / 1000} s`);
  const grace = { ...target, drainTimeoutMs: CLOSE_GRACE_MS };
  const stuck = await deleteIdle(grace, { names: [...busy.keys()], slots }, () => {});
  for (const [name, count] of stuck) {
    const what = `${plural(count)} not closed by HAProxy, end with the container`;
    report(`${name}: ${what}${slots.has(name) ? "" : `; the next update deletes ${name}`}`);
  }
}

/** Names the slots, which are lines of haproxy.cfg for good. */
const findSlots = async (haproxy: Haproxy): Promise<ReadonlySet<string>> =>
  new Set((await readServers(haproxy)).flatMap(({ name, isSlot }) => (isSlot === true ? [name] : [])));

/**
 * Deletes servers as they run out of sessions, but for slots. Returns those that still have some, with their
 * number.
 */
function deleteIdle(
  target: Removal,
  { names, slots }: { readonly names: readonly string[]; readonly slots: ReadonlySet<string> },
  report: Report,
): Promise<Map<string, number>> {
  let left = names;
  const look = async (): Promise<Map<string, number>> => {
    const sessions = await readSessions(target.haproxy);
    const count = (name: string): number => sessions.get(name) ?? 0;
    const idle = left.filter((name) => count(name) === 0);
    const deleted = await deleteServers(
      target.haproxy,
      idle.filter((name) => !slots.has(name)),
    );
    left = left.filter((name) => !deleted.has(name) && !(slots.has(name) && idle.includes(name)));
    return new Map(left.map((name) => [name, Math.max(1, count(name))]));
  };
  return waitUntilIdle({ look, words: "" }, target, report);
}

async function waitForOldWorkers(target: Removal, names: readonly string[], report: Report): Promise<void> {
  const look = async (): Promise<Map<string, number>> => {
    const sessions = await readOldSessions(target.haproxy);
    return new Map(names.map((name) => [name, sessions.get(name) ?? 0] as const).filter(([, n]) => n > 0));
  };
  const words = " of before a reload";
  for (const [name, count] of await waitUntilIdle({ look, words }, target, report))
    report(
      `${name}: ${plural(count)}${words} closed after ${target.drainTimeoutMs / 1000} s, with the container`,
    );
}

/** Waits until no server has a session. Returns those that still have some, with their number. */
function waitUntilIdle(
  { look, words }: { readonly look: () => Promise<Map<string, number>>; readonly words: string },
  { drainTimeoutMs: timeoutMs, clock }: Removal,
  report: Report,
): Promise<Map<string, number>> {
  const until = (busy: ReadonlyMap<string, number>): boolean => busy.size === 0;
  const tell = (busy: ReadonlyMap<string, number>, leftMs: number): void => {
    const left = Array.from(busy, ([name, count]) => `${name}: ${plural(count)}${words} left`);
    report(`${left.join(", ")}; closed in ${secondsLeft(leftMs)}`, "progress");
  };
  return poll(look, { until, everyMs: POLL_MS, timeoutMs, clock, progress: { ...PROGRESS, tell } });
}

/** Returns the servers that HAProxy deleted; a session that came in between is an outcome, not an error. */
async function deleteServers(haproxy: Haproxy, names: readonly string[]): Promise<Set<string>> {
  const answers = await haproxy.runSteps(names.flatMap((name) => haproxy.steps.delete(name)));
  return new Set(names.filter((_, index) => !STILL_BUSY.test(answers[3 * index + 1] ?? "")));
}

const plural = (count: number): string => `${count} session${count === 1 ? "" : "s"}`;
