import { CHECK_VARIABLE, REVISION_VARIABLE } from "../container.ts";
import { parseCheckValues } from "./check-values.ts";
import type { Haproxy } from "./client.ts";
import { COMMANDS } from "./command.ts";
import { Connection, NO_SUCH_PROCESS, runRaw } from "./connection.ts";
import { parseOldWorkers } from "./process-info.ts";
import { RuntimeError } from "./runtime-error.ts";
import {
  parseServerStats,
  parseServersConn,
  parseServersState,
  type RunningServer,
  type ServerStats,
} from "./state.ts";

/** What the running HAProxy has in one backend. */
export interface RunningState {
  readonly servers: readonly RunningServer[];
  /** Revision of the config that the worker was started with; undefined when it names none. */
  readonly revision: string | undefined;
  /** How its config checks servers; undefined when it does not tell. */
  readonly check?: string | undefined;
}

/**
 * Reads the running servers with their cookies and checks, and what the worker's config is, in one exchange.
 * @throws {RuntimeError}
 */
export const readState = async (haproxy: Haproxy): Promise<RunningState> =>
  (await readStateAndStats(haproxy)).state;

/**
 * As {@link readState}, with HAProxy's words about each server.
 * @throws {RuntimeError}
 */
export async function readStateAndStats(haproxy: Haproxy) {
  const [servers = "", words = "", values = "", ...env] = await haproxy.run([
    COMMANDS.showServersState(haproxy.backend),
    COMMANDS.showServerStats(haproxy.backend),
    COMMANDS.showChecks(),
    COMMANDS.showEnv(REVISION_VARIABLE),
    COMMANDS.showEnv(CHECK_VARIABLE),
  ]);
  const stats = parseServerStats(words);
  const cookies = new Map(stats.map(({ name, cookie }) => [name, cookie || undefined]));
  const checks = parseCheckValues(values);
  const [revision, check] = env.map((line) => /^\w+=(\S+)$/.exec(line.trim())?.[1]);
  const running = parseServersState(servers).map((each) => {
    const { name } = each;
    return { ...each, cookie: cookies.get(name), check: checks.get(name) };
  });
  const state: RunningState = { servers: running, revision, check };
  return { state, stats };
}

/** Reads the running servers alone, without cookies: the cheapest look. */
export const readServers = async (haproxy: Haproxy): Promise<RunningServer[]> =>
  parseServersState(await haproxy.ask(COMMANDS.showServersState(haproxy.backend)));

/** Reads HAProxy's words about each server. */
export const readStats = async (haproxy: Haproxy): Promise<ServerStats[]> =>
  parseServerStats(await haproxy.ask(COMMANDS.showServerStats(haproxy.backend)));

/** Reads how many connections of each server carry a request or a WebSocket. */
export const readSessions = async (haproxy: Haproxy): Promise<Map<string, number>> =>
  parseServersConn(await haproxy.ask(COMMANDS.showServersConn(haproxy.backend)));

/**
 * Reads how many requests and WebSockets the workers of before a reload still carry, by server. They take no
 * new connections, and HAProxy refuses every change of their servers.
 */
export async function readOldSessions({ endpoint, backend }: Haproxy): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  for (const pid of parseOldWorkers(await runRaw(endpoint, COMMANDS.masterShowProc()))) {
    using connection = await Connection.open(endpoint);
    const reply = await connection.raw(COMMANDS.showServersConnOf(pid, backend));
    if (reply === "" || NO_SUCH_PROCESS.test(reply)) continue; // ended in between
    for (const [server, count] of parseServersConn(reply)) sums.set(server, (sums.get(server) ?? 0) + count);
  }
  return sums;
}

/** Looks at a HAProxy. The result is undefined where it does not answer, or refuses. */
export async function unlessDown<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof RuntimeError) return undefined;
    throw error;
  }
}

/** Looks at each HAProxy. One that does not answer, or has nothing to see, is left out of the result. */
export async function observeEach<T>(
  haproxies: readonly { readonly haproxyContainer: string; readonly haproxy: Haproxy }[],
  look: (haproxy: Haproxy) => Promise<T | undefined>,
): Promise<ReadonlyMap<string, T>> {
  const found = haproxies.map(async ({ haproxyContainer, haproxy }) => {
    const seen = await unlessDown(() => look(haproxy));
    return seen === undefined ? [] : [[haproxyContainer, seen] as const];
  });
  return new Map((await Promise.all(found)).flat());
}
