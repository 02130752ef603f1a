import type { Endpoint } from "../../stack/endpoint.ts";
import { CERTIFICATE_PATH, REVISION_VARIABLE } from "../container.ts";
import { Haproxy } from "./client.ts";
import { COMMANDS } from "./command.ts";
import { NO_SUCH_PROCESS, runRaw } from "./connection.ts";
import { parseOldWorkers } from "./process-info.ts";
import { RuntimeError } from "./runtime-error.ts";
import { type RunningCertificate, readRunningCertificate } from "./served-certificate.ts";
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
}

/**
 * Reads the running servers with their cookies and the worker's config revision, in one exchange.
 * @throws {RuntimeError}
 */
export const readState = async (haproxy: Haproxy): Promise<RunningState> =>
  (await readStateAndStats(haproxy)).state;

/**
 * As {@link readState}, with HAProxy's words about each server.
 * @throws {RuntimeError}
 */
export async function readStateAndStats(
  haproxy: Haproxy,
): Promise<{ state: RunningState; stats: ServerStats[] }> {
  const [state = "", words = "", env = ""] = await haproxy.run([
    COMMANDS.showServersState(haproxy.backend),
    COMMANDS.showServerStats(haproxy.backend),
    COMMANDS.showEnv(REVISION_VARIABLE),
  ]);
  const stats = parseServerStats(words);
  const cookies = new Map(stats.map(({ name, cookie }) => [name, cookie]));
  const servers = parseServersState(state).map((server) => ({
    ...server,
    cookie: cookies.get(server.name) || undefined,
  }));
  return {
    state: { servers, revision: new RegExp(`^${REVISION_VARIABLE}=(\\w+)$`).exec(env.trim())?.[1] },
    stats,
  };
}

/** Reads the running servers alone, without cookies: the cheapest look. */
export async function readServers(haproxy: Haproxy): Promise<RunningServer[]> {
  const [state = ""] = await haproxy.run([COMMANDS.showServersState(haproxy.backend)]);
  return parseServersState(state);
}

/** Reads HAProxy's words about each server. */
export async function readStats(haproxy: Haproxy): Promise<ServerStats[]> {
  const [stats = ""] = await haproxy.run([COMMANDS.showServerStats(haproxy.backend)]);
  return parseServerStats(stats);
}

/** Reads how many connections of each server carry a request or a WebSocket. */
export async function readSessions(haproxy: Haproxy): Promise<Map<string, number>> {
  const [connections = ""] = await haproxy.run([COMMANDS.showServersConn(haproxy.backend)]);
  return parseServersConn(connections);
}

/**
 * Reads how many requests and WebSockets the workers of before a reload still carry, by server. They take no
 * new connections, and HAProxy refuses every change of their servers.
 */
export async function readOldSessions({ endpoint, backend }: Haproxy): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  for (const pid of parseOldWorkers(await runRaw(endpoint, COMMANDS.masterShowProc()))) {
    const reply = await runRaw(endpoint, COMMANDS.showServersConnOf(pid, backend), { mayBeGone: true });
    if (reply === "" || NO_SUCH_PROCESS.test(reply)) continue; // ended in between
    for (const [server, count] of parseServersConn(reply)) sums.set(server, (sums.get(server) ?? 0) + count);
  }
  return sums;
}

/** Reads what each balancer runs, by the names given. Those that do not answer are left out. */
export const observeRuntimes = (
  endpoints: ReadonlyMap<string, Endpoint>,
  backend: string,
): Promise<ReadonlyMap<string, RunningState>> => observe(endpoints, backend, readState);

/** The certificate that each balancer serves, by the names given; those that serve none are left out. */
export const observeCertificates = (
  endpoints: ReadonlyMap<string, Endpoint>,
  backend: string,
): Promise<ReadonlyMap<string, RunningCertificate>> =>
  observe(endpoints, backend, (haproxy) => readRunningCertificate(haproxy, CERTIFICATE_PATH));

async function observe<T>(
  endpoints: ReadonlyMap<string, Endpoint>,
  backend: string,
  look: (haproxy: Haproxy) => Promise<T | undefined>,
): Promise<ReadonlyMap<string, T>> {
  const found = await Promise.all(
    [...endpoints].map(async ([name, endpoint]) => {
      using haproxy = new Haproxy(endpoint, backend);
      return [name, await unlessDown(() => look(haproxy))] as const;
    }),
  );
  return new Map(found.flatMap(([name, seen]) => (seen === undefined ? [] : [[name, seen] as const])));
}

async function unlessDown<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    return undefined; // that one is down; an update brings it back
  }
}
