import { setTimeout as sleep } from "node:timers/promises";
import { formatEndpoint } from "../../stack/endpoint.ts";
import type { Server } from "../../stack/topology.ts";
import { serverArguments } from "../file/server-line.ts";
import type { Haproxy } from "../runtime/client.ts";
import { reload } from "../runtime/reload.ts";
import { type RunningState, readState } from "../runtime/running-state.ts";
import { RuntimeError } from "../runtime/runtime-error.ts";
import type { Step } from "../runtime/steps.ts";
import { type Action, describePlan, type Plan, planServers } from "./plan.ts";
import { proveUp } from "./prove.ts";
import type { Report } from "./report.ts";
import { removeServers, retireServers } from "./retire.ts";

/** What one HAProxy shall run, and how long it may take. */
export interface SyncTarget {
  readonly haproxy: Haproxy;
  /** Revision of the config file; a worker with another one is reloaded. */
  readonly revision: string;
  readonly servers: readonly Server[];
  readonly drainTimeoutMs: number;
  readonly readyTimeoutMs: number;
}

/**
 * Brings a running HAProxy to what is declared: adds servers and proves them up, mends what was changed by hand, reloads
 * where the config file says more than the runtime API can, and takes servers away without closing a session early.
 * It starts from what runs, so a run that failed half way is carried on by the next.
 * @returns what runs afterwards
 * @throws {RuntimeError} when HAProxy is unreachable or refuses a step, or a server is not up within `readyTimeoutMs`
 */
export async function sync(target: SyncTarget, report: Report): Promise<RunningState> {
  const { haproxy, servers, revision, readyTimeoutMs } = target;
  let state = await readState(haproxy);
  if (state.revision !== revision) {
    await changeServersBeforeReload(target, state, report);
    state = await reloadConfig(target, state, report);
  }
  const plan = planServers(servers, state.servers);
  await applyAdditions(target, plan, report);
  await proveUp(haproxy, servers, readyTimeoutMs);
  await retireServers(target, namesOf(plan.remove), report);
  haproxy.redial(); // somebody may have reloaded meanwhile
  return readState(haproxy);
}

/**
 * Brings some of the servers into rotation and proves them up; the others stay as they are. One that runs keeps its cookie,
 * which a reload changes where another is declared: a server of another cookie would have to go first.
 * @throws {RuntimeError} as {@link sync}
 */
export async function bringUp(target: Omit<SyncTarget, "revision">, report: Report): Promise<void> {
  const { haproxy, readyTimeoutMs } = target;
  const { servers: running } = await readState(haproxy);
  const known = new Map(running.map((server) => [server.name, server]));
  const servers = target.servers.map((server) => {
    const found = known.get(server.name);
    return found?.id === server.id ? { ...server, cookie: found.cookie } : server;
  });
  const names = new Set(servers.map(({ name }) => name));
  const plan = planServers(
    servers,
    running.filter(({ name }) => names.has(name)),
  );
  await applyAdditions(target, plan, report);
  await proveUp(haproxy, servers, readyTimeoutMs);
}

/**
 * The new worker trusts the file's servers until a check fails, so those that the old worker does not know, or has in
 * maintenance, are proved up first; those that the file does not list get their time to end their sessions.
 */
async function changeServersBeforeReload(
  target: SyncTarget,
  { servers: running }: RunningState,
  report: Report,
): Promise<void> {
  // Where no server is up there is nothing to lose, and the old worker's checks may be what keeps them down.
  if (!running.some(({ isUp }) => isUp)) return;
  const known = new Set(running.flatMap(({ name, id }) => [name, id]));
  const paused = new Set(running.filter(({ adminState }) => adminState === "maint").map(({ name }) => name));
  const declared = new Set(target.servers.map(({ name }) => name));
  const servers = target.servers.filter(
    ({ name, id }) => paused.has(name) || (!known.has(name) && !known.has(id)),
  );
  if (servers.length > 0) await bringUp({ ...target, servers }, report);
  const undeclared = running.map(({ name }) => name).filter((name) => !declared.has(name));
  await retireServers(target, undeclared, report);
}

/** Reloads the file, which lists the declared servers. Returns what runs then. */
async function reloadConfig(
  { haproxy, revision }: SyncTarget,
  before: RunningState,
  report: Report,
): Promise<RunningState> {
  await reload(haproxy);
  report(`reload: config ${before.revision ?? "unknown"} → ${revision}`);
  return await readStateOfNewWorker(haproxy, revision);
}

const HANDOVER_MS = 2000;
const HANDOVER_POLL_MS = 20;
const ANSWERS_IN_A_ROW = 3;

/**
 * Reads the state when the new worker alone answers. Both workers listen on the same sockets until the old one has seen
 * the master's signal, which may be after the master's reply to `reload`; a step sent before could reach the old worker.
 */
async function readStateOfNewWorker(haproxy: Haproxy, revision: string): Promise<RunningState> {
  const deadline = Date.now() + HANDOVER_MS;
  for (let inARow = 0; ; ) {
    haproxy.redial();
    const state = await readState(haproxy);
    inARow = state.revision === revision ? inARow + 1 : 0;
    if (inARow === ANSWERS_IN_A_ROW) return state;
    if (Date.now() >= deadline) {
      throw new RuntimeError(
        "malformed",
        `HAProxy at ${formatEndpoint(haproxy.endpoint)} loaded config ${state.revision ?? "unknown"} instead of ${revision}`,
      );
    }
    await sleep(HANDOVER_POLL_MS);
  }
}

/** Carries out a plan up to the servers that only leave. */
async function applyAdditions(
  target: Omit<SyncTarget, "revision" | "servers">,
  plan: Plan,
  report: Report,
): Promise<void> {
  const words = describePlan(plan);
  if (words !== "") report(`runtime: ${words}`);
  await removeServers(target, namesOf(plan.evict), report);
  await target.haproxy.runSteps(
    [...plan.add, ...plan.change].flatMap((action) => stepsOf(action, target.haproxy.steps)),
  );
}

const namesOf = (actions: readonly Action[]): string[] =>
  actions.flatMap((action) => (action.kind === "remove" ? [action.name] : []));

function stepsOf(action: Action, steps: Haproxy["steps"]): readonly Step[] {
  const { add, setAddress, setWeight, enableHealth, setReady } = steps;
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
      return setReady(action.name, action.from);
    case "remove":
      return []; // takes time and has an outcome of its own: retireServers
    default:
      return action satisfies never;
  }
}
