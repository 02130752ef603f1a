import { type Endpoint, formatEndpoint } from "../../stack/endpoint.ts";
import { REVISION_VARIABLE } from "../container.ts";
import { COMMANDS, type Command, type ServerPath, serverPath } from "./command.ts";
import { NO_SUCH_PROCESS, runBatch, runRaw } from "./connection.ts";
import { parseOldWorkers } from "./process-info.ts";
import { malformed, ReloadRefusedError, RuntimeError } from "./runtime-error.ts";
import {
  type AdminState,
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
export const readState = async (endpoint: Endpoint, backend: string): Promise<RunningState> =>
  (await readStateAndStats(endpoint, backend)).state;

/**
 * As {@link readState}, with HAProxy's words about each server.
 * @throws {RuntimeError}
 */
export async function readStateAndStats(
  endpoint: Endpoint,
  backend: string,
): Promise<{ state: RunningState; stats: ServerStats[] }> {
  const [state = "", words = "", env = ""] = await runBatch(endpoint, [
    COMMANDS.showServersState(backend),
    COMMANDS.showServerStats(backend),
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
export async function readServers(endpoint: Endpoint, backend: string): Promise<RunningServer[]> {
  const [state = ""] = await runBatch(endpoint, [COMMANDS.showServersState(backend)]);
  return parseServersState(state);
}

/** Reads HAProxy's words about each server. */
export async function readStats(endpoint: Endpoint, backend: string): Promise<ServerStats[]> {
  const [stats = ""] = await runBatch(endpoint, [COMMANDS.showServerStats(backend)]);
  return parseServerStats(stats);
}

/** Reads how many connections of each server carry a request or a WebSocket. */
export async function readSessions(endpoint: Endpoint, backend: string): Promise<Map<string, number>> {
  const [connections = ""] = await runBatch(endpoint, [COMMANDS.showServersConn(backend)]);
  return parseServersConn(connections);
}

/**
 * Reads how many requests and WebSockets the workers of before a reload still carry, by server. They take no new
 * connections, and HAProxy refuses every change of their servers.
 */
export async function readOldSessions(endpoint: Endpoint, backend: string): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  for (const pid of parseOldWorkers(await runRaw(endpoint, COMMANDS.masterShowProc()))) {
    const reply = await runRaw(endpoint, COMMANDS.showServersConnOf(pid, backend), { mayBeGone: true });
    if (reply === "" || NO_SUCH_PROCESS.test(reply)) continue; // ended in between
    for (const [server, count] of parseServersConn(reply)) sums.set(server, (sums.get(server) ?? 0) + count);
  }
  return sums;
}

/** A command with the answers that mean success; any other answer is a refusal. */
export interface Step {
  readonly command: Command;
  readonly accepts: RegExp;
}

const SILENCE = /^$/;
const GONE_OR_SILENCE = /^(No such server\.)?$/;

/** HAProxy trusts a server that leaves maintenance until a check fails; it shall wait for a good one. */
const leave = (path: ServerPath, from: AdminState, to: "ready" | "drain"): readonly Step[] => [
  { command: COMMANDS.setState(path, to), accepts: SILENCE },
  ...(from === "maint" ? [{ command: COMMANDS.setHealthDown(path), accepts: SILENCE }] : []),
];

/** The steps that change servers. `server` is a name in `backend`. */
export const steps = (backend: string) =>
  ({
    add: (server: string, args: string): readonly Step[] => {
      const path = serverPath(backend, server);
      return [
        { command: COMMANDS.addServer(path, args), accepts: /^New server registered\.$/ },
        { command: COMMANDS.enableHealth(path), accepts: SILENCE },
        { command: COMMANDS.setState(path, "ready"), accepts: SILENCE },
      ];
    },
    setAddress: (server: string, ip: string, port: number): Step => ({
      command: COMMANDS.setAddress(serverPath(backend, server), ip, port),
      accepts: /^(IP changed from |port changed from |no need to change |nothing changed$)/,
    }),
    setWeight: (server: string, weight: number): Step => ({
      command: COMMANDS.setWeight(serverPath(backend, server), weight),
      accepts: SILENCE,
    }),
    enableHealth: (server: string): Step => ({
      command: COMMANDS.enableHealth(serverPath(backend, server)),
      accepts: SILENCE,
    }),
    setDrain: (server: string, from: AdminState): readonly Step[] =>
      leave(serverPath(backend, server), from, "drain"),
    setReady: (server: string, from: AdminState): readonly Step[] =>
      leave(serverPath(backend, server), from, "ready"),
    shutdownSessions: (server: string): Step => ({
      command: COMMANDS.shutdownSessions(serverPath(backend, server)),
      accepts: GONE_OR_SILENCE,
    }),
    /** Into maintenance, for a server that is to go: one that somebody else has just deleted is gone as well. */
    pause: (server: string): Step => ({
      command: COMMANDS.setState(serverPath(backend, server), "maint"),
      accepts: GONE_OR_SILENCE,
    }),
    /** `wait` first: it drops idle connections to the server, which `del` of newer versions refuses to do. */
    delete: (server: string): readonly Step[] => {
      const path = serverPath(backend, server);
      return [
        { command: COMMANDS.waitRemovable(path, 50), accepts: /^(Done\.|Wait delay expired\.|Failed\.)$/ },
        {
          command: COMMANDS.deleteServer(path),
          accepts: new RegExp(`^(Server deleted\\.|No such server\\.|${STILL_BUSY.source})$`),
        },
      ];
    },
  }) as const;

/** What `del server` says of a server that still has sessions. */
export const STILL_BUSY = /Server still has connections attached to it, cannot remove it\./;

/**
 * Runs steps in one batch.
 * @returns HAProxy's answers, trimmed, in order
 * @throws {RuntimeError} of kind `refused` that names every step that HAProxy refused, with its words
 */
export async function runSteps(endpoint: Endpoint, list: readonly Step[]): Promise<string[]> {
  const replies = await runBatch(
    endpoint,
    list.map(({ command }) => command),
  );
  const answers = replies.map((reply) => reply.trim());
  const refusals = list.flatMap(({ command, accepts }, index) => {
    const answer = answers[index] ?? "";
    return accepts.test(answer) ? [] : [`"${command}": ${answer === "" ? "(no answer)" : answer}`];
  });
  if (refusals.length > 0) {
    throw new RuntimeError(
      "refused",
      `HAProxy at ${formatEndpoint(endpoint)} refused ${refusals.slice(0, 10).join("; ")}`,
    );
  }
  return answers;
}

/** HAProxy loads the config, starts a worker and waits until it is ready before it answers. */
const RELOAD_TIMEOUT_MS = 30_000;

/**
 * Asks the master process to load the config file into a new worker, and reads its verdict.
 * @throws {ReloadRefusedError} with HAProxy's own alerts; the old worker serves on
 * @throws {RuntimeError} when there is no verdict: HAProxy may have ended
 */
export async function reload(endpoint: Endpoint): Promise<void> {
  const answer = await runRaw(endpoint, COMMANDS.masterReload(), { timeoutMs: RELOAD_TIMEOUT_MS });
  if (/^Success=1$/m.test(answer)) return;
  if (!/^Success=0$/m.test(answer)) throw malformed("reload", answer);
  const alerts = answer
    .split("\n")
    .filter((line) => line.startsWith("[ALERT]") || line.startsWith("[WARNING]"));
  throw new ReloadRefusedError(
    `HAProxy at ${formatEndpoint(endpoint)} refused to reload: ${(alerts.join("; ") || answer).trim()}`,
  );
}
