import { setTimeout as sleep } from "node:timers/promises";
import { serverArguments } from "../haproxy/server-line.ts";
import { type RunningState, readServers, readState, readStats, reload, runSteps, type Step, steps } from "../runtime/client.ts";
import { type Endpoint, formatEndpoint } from "../runtime/endpoint.ts";
import { RuntimeError } from "../runtime/error.ts";
import type { RunningServer } from "../runtime/state.ts";
import { BACKEND, type Server } from "../topology.ts";
import { type Action, describePlan, planServers } from "./plan.ts";
import { removeServers } from "./removal.ts";
import type { Report } from "./report.ts";

/** What one HAProxy shall run, and how long it may take. */
export interface SyncTarget {
  readonly endpoint: Endpoint;
  /** Revision of the config file; a worker with another one is reloaded. */
  readonly revision: string;
  readonly servers: readonly Server[];
  readonly drainTimeoutMs: number;
  readonly readyTimeoutMs: number;
}

const POLL_MS = 50;

/**
 * Brings a running HAProxy to what is declared: adds servers and proves them up, mends what was changed by hand, reloads
 * where the config file says more than the runtime API can, and takes servers away without closing a session early.
 * It starts from what runs, so a run that failed half way is carried on by the next.
 * @returns what runs afterwards
 * @throws {RuntimeError} when HAProxy is unreachable or refuses a step, or a server is not up within `readyTimeoutMs`
 */
export async function sync(target: SyncTarget, report: Report): Promise<RunningState> {
  const state = await readState(target.endpoint, BACKEND);
  if (state.revision !== target.revision) await reloadConfig(target, state, report);
  await reconcile(target, report);
  return readState(target.endpoint, BACKEND);
}

/** Reloads the file, which lists the declared servers. */
async function reloadConfig(target: SyncTarget, state: RunningState, report: Report): Promise<void> {
  // Where no server is up there is nothing to lose, and the old worker's checks may be what keeps them down.
  if (state.servers.some(({ isUp }) => isUp)) await changeServersBeforeReload(target, state, report);
  await reload(target.endpoint);
  report(`reload: config ${state.revision ?? "unknown"} → ${target.revision}`);
  const { revision } = await readState(target.endpoint, BACKEND);
  if (revision !== target.revision) {
    throw new RuntimeError(
      "malformed",
      `HAProxy at ${formatEndpoint(target.endpoint)} reloaded config ${revision ?? "unknown"} instead of ${target.revision}`,
    );
  }
}

/**
 * The new worker trusts the file's servers until a check fails, so those that the old worker does not know are added to
 * it and proved up first; those that the file does not list get their time to end their sessions.
 */
async function changeServersBeforeReload(target: SyncTarget, state: RunningState, report: Report): Promise<void> {
  const known = new Set(state.servers.flatMap(({ name, id }) => [name, id]));
  const declared = new Set(target.servers.map(({ name }) => name));
  const added = target.servers.filter(({ name, id }) => !known.has(name) && !known.has(id));
  const removed = state.servers.map(({ name }) => name).filter((name) => !declared.has(name));
  await runSteps(
    target.endpoint,
    added.flatMap((server) => stepsOf({ kind: "add", server })),
  );
  await proveUp({ ...target, servers: added });
  await removeServers(target, removed, report);
}

async function reconcile(target: SyncTarget, report: Report): Promise<void> {
  const { endpoint, servers } = target;
  const { servers: running } = await readState(endpoint, BACKEND);
  const plan = planServers(servers, running);
  const words = describePlan(plan);
  if (words !== "") report(`runtime: ${words}`);
  await removeServers(target, namesOf(plan.evict), report);
  await runSteps(endpoint, [...plan.add, ...plan.change].flatMap(stepsOf));
  await proveUp(target);
  await removeServers(target, namesOf(plan.remove), report);
}

const namesOf = (actions: readonly Action[]): string[] => actions.flatMap((action) => (action.kind === "remove" ? [action.name] : []));

function stepsOf(action: Action): readonly Step[] {
  const { add, setAddress, setWeight, enableHealth, setState } = steps(BACKEND);
  switch (action.kind) {
    case "add":
      return add(action.server.name, serverArguments(action.server));
    case "set-address":
      return [setAddress(action.name, action.address, action.port)];
    case "set-weight":
      return [setWeight(action.name, action.weight)];
    case "enable-check":
      return [enableHealth(action.name)];
    case "set-ready":
      return [setState(action.name, "ready")];
    case "remove":
      return []; // takes time and has an outcome of its own: removeServers
    default:
      return action satisfies never;
  }
}

/** Waits until HAProxy reports every declared server up, by a check that passed. */
async function proveUp({ endpoint, servers, readyTimeoutMs }: SyncTarget): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs;
  for (;;) {
    const running = new Map((await readServers(endpoint, BACKEND)).map((server) => [server.name, server]));
    const missing = servers.filter(({ name }) => !isProved(running.get(name)));
    if (missing.length === 0) return;
    if (Date.now() >= deadline) throw await describeDown(endpoint, missing, readyTimeoutMs);
    await sleep(POLL_MS);
  }
}

const isProved = (server: RunningServer | undefined): boolean =>
  server !== undefined && server.adminState === "ready" && server.isChecked && server.isUp && server.hasPassed;

async function describeDown(endpoint: Endpoint, missing: readonly Server[], readyTimeoutMs: number): Promise<RuntimeError> {
  const stats = new Map((await readStats(endpoint, BACKEND)).map((server) => [server.name, server]));
  const lines = missing.map(({ name, address, port, containerName }) => {
    const known = stats.get(name);
    const words =
      known === undefined ? "not in HAProxy" : [known.status, known.checkStatus, known.checkDescription].filter((word) => word !== "").join(" ");
    return `${name} (${containerName}, ${address}:${port}): ${words}`;
  });
  return new RuntimeError("timeout", `not up within ${readyTimeoutMs / 1000} s (readyTimeout): ${lines.join("; ")}`);
}
