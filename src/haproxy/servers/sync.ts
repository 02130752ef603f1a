import { poll } from "../../stack/clock.ts";
import { formatEndpoint } from "../../stack/endpoint.ts";
import type { HealthCheck } from "../../stack/health-check.ts";
import type { Server } from "../../stack/topology.ts";
import { serverArguments } from "../file/server-line.ts";
import type { Haproxy } from "../runtime/client.ts";
import { COMMANDS } from "../runtime/command.ts";
import { reload } from "../runtime/reload.ts";
import { type RunningState, readServers, readState, unlessDown } from "../runtime/running-state.ts";
import { RuntimeError } from "../runtime/runtime-error.ts";
import { NONE, stateFileOf } from "../runtime/state.ts";
import type { Step } from "../runtime/steps.ts";
import { followAddresses } from "./follow.ts";
import { judgeUp } from "./judge-up.ts";
import { proveUp } from "./prove.ts";
import type { Report } from "./report.ts";
import { removeServers, retireServers } from "./retire.ts";
import type { Target } from "./target.ts";
import { tryCheck } from "./trial.ts";
import {
  type Change,
  type DeclaredServers,
  describeDifference,
  type Phase,
  type Plan,
  planBringUp,
  planUpdate,
} from "./update-plan.ts";

/** What one HAProxy shall run. */
export interface SyncTarget extends Target, DeclaredServers {
  readonly stateFile: StateFile;
}

/** The file that a worker reads when it starts, to learn what the worker before it knew of the servers. */
export interface StateFile {
  write(text: string): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Brings a running HAProxy to what is declared: adds servers and proves them up, mends what was changed by
 * hand, reloads where the config file says more than the runtime API can, and takes servers away without
 * closing a session early. It starts from what runs, so a run that failed half way is carried on by the next.
 * @returns what runs afterwards
 * @throws {RuntimeError} when HAProxy is unreachable or refuses a step, or a server is not up within
 *   `readyTimeoutMs`
 */
export async function sync(target: SyncTarget, report: Report): Promise<RunningState> {
  const { haproxy } = target;
  const found = await readState(haproxy);
  const plan = planUpdate(target, found);
  await carryOut(plan, target, report);
  if (plan.phases.some(({ kind }) => kind === "reload")) {
    await reloadKnowing(target);
    report(`reload: config ${found.revision ?? "unknown"} → ${target.revision}`);
    await carryOut(planUpdate(target, await readStateOfNewWorker(target)), target, report);
  }
  haproxy.redial(); // somebody else may have reloaded meanwhile
  return readState(haproxy);
}

/**
 * Tries what the next config checks otherwise, while nothing of it is there yet. A HAProxy that does not
 * answer serves nobody.
 * @throws {ReloadRefusedError} as {@link tryCheck}
 */
export async function tryNext(target: Target & DeclaredServers, report: Report): Promise<void> {
  const found = await unlessDown(() => readState(target.haproxy));
  const phases = found === undefined ? [] : planUpdate(target, found).phases;
  for (const phase of phases) if (phase.kind === "try") await tryCheck(target, phase, report);
}

/**
 * Brings some of the servers into rotation and proves them up; the others stay as they are. Without a check
 * they are proved by that of the running config.
 * @throws {RuntimeError} as {@link sync}
 */
export async function bringUp(
  target: Target & { readonly servers: readonly Server[]; readonly check?: HealthCheck | undefined },
  report: Report,
): Promise<void> {
  const found = await readState(target.haproxy);
  await carryOut(planBringUp(target.servers, found, target.check), target, report);
}

/** Carries out a plan, up to a reload: what runs then is to be planned anew. */
async function carryOut({ difference, phases }: Plan, target: Target, report: Report): Promise<void> {
  const words = describeDifference(difference);
  if (words !== "") report(`runtime: ${words}`);
  for (const phase of phases) {
    if (phase.kind === "reload") return;
    await carryOutPhase(phase, target, report);
  }
}

async function carryOutPhase(
  phase: Exclude<Phase, { readonly kind: "reload" }>,
  target: Target,
  report: Report,
): Promise<void> {
  const { haproxy } = target;
  switch (phase.kind) {
    case "evict":
      return removeServers(target, phase.names, report);
    case "add":
      await haproxy.runSteps(
        phase.servers.flatMap((server) => haproxy.steps.add(server.name, serverArguments(server))),
      );
      return;
    case "follow":
      return followAddresses(target, phase.servers, report);
    case "change":
      await haproxy.runSteps(phase.changes.flatMap((change) => stepsOf(change, haproxy.steps)));
      return setPorts(haproxy, phase.changes);
    case "prove":
      return proveUp(target, phase.servers, report);
    case "judge":
      return judgeUp(target, phase, report);
    case "retire":
      return retireServers(target, phase.names, report);
    case "try":
      return tryCheck(target, phase, report);
    case "check":
      await haproxy.runSteps(phase.names.flatMap((name) => haproxy.steps.checkWith(name, phase.check)));
      return;
    default:
      return phase satisfies never;
  }
}

function stepsOf(
  change: Change,
  { setAddress, setWeight, enableHealth, checkAsOthers, setReady }: Haproxy["steps"],
): readonly Step[] {
  switch (change.kind) {
    case "set-address":
      return [setAddress(change.name, change.address, change.port)];
    case "set-port":
      return []; // by setPorts
    case "set-weight":
      return [setWeight(change.name, change.weight)];
    case "enable-check":
      return [enableHealth(change.name)];
    case "check-as-others":
      return [checkAsOthers(change.name)];
    case "set-ready":
      return setReady(change.name, change.from);
    default:
      return change satisfies never;
  }
}

/** Changes ports of slots where these are by now; one without an address gets it with the reload. */
async function setPorts(haproxy: Haproxy, changes: readonly Change[]): Promise<void> {
  const ports = new Map(
    changes.flatMap((each) => (each.kind === "set-port" ? [[each.name, each.port] as const] : [])),
  );
  if (ports.size === 0) return;
  const steps = (await readServers(haproxy)).flatMap(({ name, address }) => {
    const port = ports.get(name);
    return port === undefined || address === NONE ? [] : [haproxy.steps.setAddress(name, address, port)];
  });
  await haproxy.runSteps(steps);
}

/**
 * Reloads, and has the new worker know who is down, drained or weighted. By the file alone it would send
 * requests to a server that is down until two checks have failed.
 */
async function reloadKnowing({ haproxy, stateFile }: SyncTarget): Promise<void> {
  const state = await haproxy.ask(COMMANDS.showServersState(haproxy.backend));
  try {
    await stateFile.write(stateFileOf(state));
    await reload(haproxy);
  } finally {
    await stateFile.remove();
  }
}

const HANDOVER_MS = 2000;
const HANDOVER_POLL_MS = 20;
const ANSWERS_IN_A_ROW = 3;

/**
 * Reads the state when the new worker alone answers. Both workers listen on the same sockets until the old
 * one has seen the master's signal, which may be after the master's reply to `reload`; a step sent before
 * could reach the old worker.
 */
async function readStateOfNewWorker({ haproxy, revision, clock }: SyncTarget): Promise<RunningState> {
  let inARow = 0;
  const look = async (): Promise<RunningState> => {
    haproxy.redial();
    const state = await readState(haproxy);
    inARow = state.revision === revision ? inARow + 1 : 0;
    return state;
  };
  const until = (): boolean => inARow === ANSWERS_IN_A_ROW;
  const state = await poll(look, { until, everyMs: HANDOVER_POLL_MS, timeoutMs: HANDOVER_MS, clock });
  if (until()) return state;
  const loaded = `config ${state.revision ?? "unknown"} instead of ${revision}`;
  throw new RuntimeError("malformed", `HAProxy at ${formatEndpoint(haproxy.endpoint)} loaded ${loaded}`);
}
