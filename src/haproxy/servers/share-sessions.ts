import { type Clock, poll, systemClock } from "../../stack/clock.ts";
import type { Haproxy } from "../runtime/client.ts";
import { type Peer, readPeers } from "../runtime/peers.ts";
import { readProcessInfo } from "../runtime/process-info.ts";
import { unlessDown } from "../runtime/running-state.ts";
import { RuntimeError } from "../runtime/runtime-error.ts";
import { readStickTable, type StickTable, sessionIdOf } from "../runtime/stick-table.ts";
import type { Report } from "./report.ts";
import { PROGRESS, secondsLeft } from "./target.ts";

/** A balancer that shares its sessions with others. */
export interface Sharer {
  readonly haproxyContainer: string;
  readonly haproxy: Haproxy;
}

/** A session that the balancers do not all have on the same server. */
export interface ApartSession {
  /** As the client sends it. */
  readonly id: string;
  /** Which of the balancers has the entry that counts, counted from 0. */
  readonly teacher: number;
  readonly serverId: number;
}

interface Sharing {
  /** For the peers to connect, and to teach each other what they learn. */
  readonly timeoutMs: number;
  readonly clock?: Clock | undefined;
}

const POLL_MS = 50;
/** Peers that have nothing to say may lose each other, and try again after two seconds at the latest. */
const REDIAL_MS = 3_000;
/** A session that was just learned is on its way to the others for less, also where machines are too busy. */
const ON_ITS_WAY_MS = 500;
/** For what was learned apart to be the same everywhere. */
const MENDING_MS = 10_000;

/**
 * Waits until every balancer shares its sessions with every other, and has them know the same: one that was
 * added, or was apart for a while, may miss sessions, or have them on other servers for good.
 * @throws {RuntimeError} that names the pairs which do not share in time
 */
export async function shareSessions(
  sharers: readonly Sharer[],
  { timeoutMs, clock = systemClock }: Sharing,
  report: Report,
): Promise<void> {
  const tell = (pairs: readonly string[], leftMs: number): void =>
    report(
      `waits until all balancers share their sessions, ${secondsLeft(leftMs)} left: ${pairs}`,
      "progress",
    );
  const progress = { ...PROGRESS, tell };
  const pairs = await whenConnected(sharers, true, { timeoutMs, clock, progress });
  if (pairs.length > 0)
    throw new RuntimeError(
      "timeout",
      `balancers do not share their sessions after ${timeoutMs / 1000} s: ${pairs.join("; ")}`,
    );
  const mended = new Set<string>();
  const mend = async (): Promise<number> => {
    const apart = await lookForApart(sharers, clock);
    for (const { id } of apart) mended.add(id);
    await teachAgain(sharers, apart);
    return apart.length;
  };
  const left = await poll(mend, { until: (count) => count === 0, everyMs: 0, timeoutMs: MENDING_MS, clock });
  if (mended.size > left)
    report(`${mended.size - left} sessions taught to balancers that had not learned them`);
  if (left > 0) report(`${left} sessions are not on the same server through every balancer`);
}

/** Whether all balancers know the same of sessions, and all are connected, for good or at present. */
export async function areShared(
  sharers: readonly Sharer[],
  { forGood, clock = systemClock }: { readonly forGood: boolean; readonly clock?: Clock },
): Promise<boolean> {
  const found = await unlessDown(async () => {
    const apart = await whenConnected(sharers, forGood, { timeoutMs: REDIAL_MS, clock });
    return apart.length === 0 ? await lookForApart(sharers, clock) : undefined;
  });
  return found?.length === 0;
}

/**
 * After a start or a reload peers dial each other at the same time, and lose connections that seemed to be
 * there: a dial that came too late may still come up, and one on which nothing comes is given up after five
 * seconds.
 */
const SETTLED_SECONDS = 6;

/** Waits until all are connected. Returns those that are not in time, as {@link findUnconnected}. */
const whenConnected = (
  sharers: readonly Sharer[],
  forGood: boolean,
  wait: Omit<Parameters<typeof poll<string[]>>[1], "until" | "everyMs">,
): Promise<string[]> =>
  poll(() => findUnconnected(sharers, forGood), {
    ...wait,
    until: (found) => found.length === 0,
    everyMs: POLL_MS,
  });

/** Names each balancer with a peer that it is not connected to, or not for good. */
async function findUnconnected(sharers: readonly Sharer[], forGood: boolean): Promise<string[]> {
  const told = await Promise.all(
    sharers.map(async ({ haproxy, haproxyContainer }) => {
      const [known, { uptimeSeconds }] = await Promise.all([readPeers(haproxy), readProcessInfo(haproxy)]);
      // One that is on a dead machine is a peer, and nobody asks it.
      const peers = known.filter(({ name }) =>
        sharers.some((each) => each.haproxyContainer.endsWith(`-${name}`)),
      );
      // One that still runs a config of fewer balancers knows too few.
      if (peers.length < sharers.length - 1) return [`${haproxyContainer} does not know all of them`];
      const apart = peers.filter((peer) => !isSharing(peer));
      if (apart.length > 0) return apart.map((peer) => `${haproxyContainer} and ${wordsOf(peer)}`);
      return forGood && uptimeSeconds < SETTLED_SECONDS ? [`${haproxyContainer} has just begun`] : [];
    }),
  );
  return told.flat();
}

/** That what both learn meanwhile arrives is what the tables prove. */
const isSharing = ({ isConnected, isInLesson }: Peer): boolean => isConnected && !isInLesson;

const wordsOf = ({ name, isConnected, lastStatus }: Peer): string =>
  `${name} (${isConnected ? "still teaching" : `not connected, ${lastStatus}`})`;

/** Finds the sessions that are apart at two looks in a row, which those on their way are not. */
async function lookForApart(sharers: readonly Sharer[], clock: Clock): Promise<ApartSession[]> {
  const look = async (): Promise<ApartSession[]> =>
    findApart(await Promise.all(sharers.map(({ haproxy }) => readStickTable(haproxy))));
  const first = new Set((await look()).map(({ id }) => id));
  if (first.size === 0) return [];
  await clock.sleep(ON_ITS_WAY_MS);
  return (await look()).filter(({ id }) => first.has(id));
}

/**
 * Finds the sessions that some tables have on different servers, or only some have. The entry counts that
 * would be forgotten last; of equal ones the first. A table that is full forgets what others still have.
 */
export function findApart(tables: readonly StickTable[]): ApartSession[] {
  const wanted = tables.filter(({ isFull }) => !isFull);
  const keys = new Set(tables.flatMap(({ entries }) => [...entries.keys()]));
  const apart: ApartSession[] = [];
  for (const key of keys) {
    const found = tables.map(({ entries }) => entries.get(key));
    const servers = new Set(found.flatMap((entry) => entry?.serverId ?? []));
    if (servers.size === 1 && wanted.every(({ entries }) => entries.has(key))) continue;
    const expiries = found.map((entry) => entry?.expiresMs ?? -1);
    const teacher = expiries.indexOf(Math.max(...expiries));
    const [id, serverId] = [sessionIdOf(key), found[teacher]?.serverId];
    // What cannot stand in a command is left to the next use of the session, which mends it as well.
    if (id !== undefined && serverId !== undefined && !/^$|[\0\r\n]/.test(id))
      apart.push({ id, teacher, serverId });
  }
  return apart;
}

/** Has the one that is right about a session use it, which teaches it to the others. */
async function teachAgain(sharers: readonly Sharer[], apart: readonly ApartSession[]): Promise<void> {
  const lessons = Map.groupBy(apart, ({ teacher }) => teacher);
  for (const [index, { haproxy }] of sharers.entries()) {
    const lesson = lessons.get(index) ?? [];
    await haproxy.runSteps(lesson.map(({ id, serverId }) => haproxy.steps.useSession(id, serverId)));
  }
}
