import { poll, systemClock } from "../../stack/clock.ts";
import type { Server } from "../../stack/topology.ts";
import type { Haproxy } from "../runtime/client.ts";
import { readServers, readStats } from "../runtime/running-state.ts";
import { NotUpError } from "../runtime/runtime-error.ts";
import type { RunningServer } from "../runtime/state.ts";
import type { Report } from "./report.ts";
import { PROGRESS, secondsLeft, type Target } from "./target.ts";
import { describeApart, findApart } from "./whereabouts.ts";

const POLL_MS = 50;

/** How often it is looked whether it is any use to wait. */
const HOPE_MS = 500;

type Proof = Pick<Target, "haproxy" | "clock" | "readyTimeoutMs">;

/** Looks which servers are not up. */
type FindMissing = () => Promise<string[]>;
/** Says of servers, by name, how they are. */
type Describe = (names: readonly string[]) => Promise<ReadonlyMap<string, string>>;

/**
 * Waits until HAProxy reports every one of the servers up, by a check that passed, or until it is no use to
 * wait for one of them.
 * @param findMissing other than by HAProxy's own checks
 * @throws {NotUpError} naming those that are not, with HAProxy's words
 */
export async function proveUp(
  target: Proof & Pick<Target, "findHopeless" | "findAddresses">,
  servers: readonly Server[],
  report: Report,
  findMissing?: FindMissing,
): Promise<void> {
  const { haproxy, readyTimeoutMs } = target;
  const names = servers.map(({ name }) => name);
  const { isLost, whyLost } = watchHope(target, servers);
  const describe: Describe = (some) => describeMissing(target, servers, some);
  const missing = new Set(
    await waitUp(target, names, report, {
      isLost,
      findMissing: findMissing ?? missingByChecks(haproxy, names, whereabouts(target, servers)),
      describe,
    }),
  );
  if (missing.size === 0) return;
  const why = whyLost();
  const down = servers.filter(
    ({ name, containerName }) => missing.has(name) && (why.size === 0 || why.has(containerName)),
  );
  const words = await describe(down.map(({ name }) => name));
  const lines = down.map((server) => {
    const lost = why.get(server.containerName);
    return `${placeOf(server)}: ${words.get(server.name)}${lost === undefined ? "" : `; ${lost}`}`;
  });
  throw new NotUpError(
    `${why.size === 0 ? notUpWithin(readyTimeoutMs) : "not up, and not waited for"}: ${lines.join("; ")}`,
    down.map(({ containerName }) => containerName),
  );
}

/** Looks now and again whether it is any use to wait for servers. */
export function watchHope(
  { findHopeless, clock = systemClock }: Pick<Target, "findHopeless" | "clock">,
  servers: readonly Server[],
) {
  const containers = new Map(servers.map(({ name, containerName }) => [name, containerName]));
  let why: ReadonlyMap<string, string> = new Map();
  let nextMs = clock.now();
  const isLost = async (missing: readonly string[]): Promise<boolean> => {
    if (findHopeless === undefined || clock.now() < nextMs) return false;
    why = await findHopeless(missing.flatMap((name) => containers.get(name) ?? []));
    nextMs = clock.now() + HOPE_MS;
    return why.size > 0;
  };
  return { isLost, whyLost: () => why };
}

/** Where a server is, for messages. */
export const placeOf = ({ name, containerName, address, port }: Server): string =>
  `${name} (${containerName}, ${address}:${port})`;

export const notUpWithin = (readyTimeoutMs: number): string =>
  `not up within ${readyTimeoutMs / 1000} s (readyTimeout)`;

/** What ends a wait, other than the time. */
interface Until {
  /** Whether it is no use to wait for those that are not up yet. */
  readonly isLost?: (missing: readonly string[]) => Promise<boolean>;
  readonly findMissing?: FindMissing | undefined;
  readonly describe?: Describe;
}

/** Waits until checks that passed find the servers up. Returns the names of those that are not up in time. */
export function waitUp(
  { haproxy, clock, readyTimeoutMs: timeoutMs }: Proof,
  names: readonly string[],
  report: Report,
  until: Until = {},
): Promise<string[]> {
  const { isLost = async () => false, findMissing = missingByChecks(haproxy, names) } = until;
  const { describe = (some) => describeServers(haproxy, some) } = until;
  let isOver = false;
  const look = async (): Promise<string[]> => {
    const missing = await findMissing();
    isOver = missing.length === 0 || (await isLost(missing));
    return missing;
  };
  const tell = async (missing: readonly string[], leftMs: number): Promise<void> => {
    const words = Array.from(await describe(missing), ([name, each]) => `${name}: ${each}`);
    const others = words.length > 5 ? ` and ${words.length - 5} others` : "";
    report(`waits for ${words.slice(0, 5).join("; ")}${others}, ${secondsLeft(leftMs)} left`, "progress");
  };
  return poll(look, {
    until: () => isOver,
    everyMs: POLL_MS,
    timeoutMs,
    clock,
    progress: { ...PROGRESS, tell },
  });
}

/**
 * Looks which servers HAProxy's checks do not find up. While a check runs it reports no result, so a pass
 * that was seen once counts for as long as the server stays up.
 */
function missingByChecks(
  haproxy: Haproxy,
  names: readonly string[],
  isThere: IsThere = async () => () => true,
): FindMissing {
  const passed = new Set<string>();
  return async () => {
    const running = new Map((await readServers(haproxy)).map((server) => [server.name, server]));
    const missing = names.filter((name) => !isProved(running.get(name), passed));
    if (missing.length > 0) return missing;
    // A check may have passed where something else was before.
    const isInPlace = await isThere();
    const elsewhere = names.filter((name) => !isInPlace(running.get(name)));
    for (const name of elsewhere) passed.delete(name);
    return elsewhere;
  };
}

/** Looks where servers shall be. The result tells whether one that was seen before is there. */
type IsThere = () => Promise<(server: RunningServer | undefined) => boolean>;

/** Slots have to be where their containers run; any other server is where it is declared. */
function whereabouts(
  { findAddresses }: Pick<Target, "findAddresses">,
  servers: readonly Server[],
): IsThere | undefined {
  const slots = servers.filter(isSlot);
  if (findAddresses === undefined || slots.length === 0) return undefined;
  return async () => {
    const found = await findAddresses(slots.map(({ containerName }) => containerName));
    const wanted = new Map(slots.map(({ name, containerName }) => [name, found.get(containerName)]));
    return (server) =>
      server !== undefined && (!wanted.has(server.name) || wanted.get(server.name) === server.address);
  };
}

const isSlot = (server: Server): boolean => server.isSlot === true;

function isProved(server: RunningServer | undefined, passed: Set<string>): boolean {
  if (server === undefined || server.adminState !== "ready" || !server.isChecked || !server.isUp) {
    if (server !== undefined) passed.delete(server.name);
    return false;
  }
  if (server.hasPassed) passed.add(server.name);
  return passed.has(server.name);
}

/** HAProxy's words about servers, by name. */
export async function describeServers(haproxy: Haproxy, names: readonly string[]) {
  const stats = new Map((await readStats(haproxy)).map((server) => [server.name, server]));
  return new Map(
    names.map((name) => {
      const known = stats.get(name);
      const words =
        known === undefined ? ["not in HAProxy"] : [known.status, known.checkStatus, known.checkDescription];
      return [name, words.filter((word) => word !== "").join(" ")];
    }),
  );
}

/** The same, and where a slot is that is up elsewhere than where its container runs. */
async function describeMissing(
  target: Proof & Pick<Target, "findAddresses">,
  servers: readonly Server[],
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const slots = servers.filter((server) => isSlot(server) && names.includes(server.name));
  const [words, apart] = await Promise.all([
    describeServers(target.haproxy, names),
    findApart(target, slots),
  ]);
  const where = new Map(apart.map((each) => [each.server.name, `; ${describeApart(each)}`]));
  return new Map(Array.from(words, ([name, each]) => [name, each + (where.get(name) ?? "")]));
}
