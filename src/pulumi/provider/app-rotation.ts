import type { AppHost } from "../../docker/app-host.ts";
import type { Haproxy } from "../../haproxy/runtime/client.ts";
import { readServers, unlessDown } from "../../haproxy/runtime/running-state.ts";
import { isInRotation, type RunningServer } from "../../haproxy/runtime/state.ts";
import type { Report } from "../../haproxy/servers/report.ts";
import { retireServers } from "../../haproxy/servers/retire.ts";
import { bringUp } from "../../haproxy/servers/sync.ts";
import { takeOut } from "../../haproxy/servers/take-out.ts";
import { messageOf, settle } from "../../stack/settled.ts";
import type { Server } from "../../stack/topology.ts";
import type { HaproxyAddress, RolloutInputs } from "../inputs.ts";
import { haproxyAt, isRemoved, type ReachableHaproxy, waitReachable, withContainerLogs } from "./haproxy.ts";
import { hostOf } from "./host-of.ts";

/**
 * Takes a server out of rotation and out of every HAProxy, as one that is gone for good: its successor is
 * another server under the same name and id. A HAProxy that has no server up serves nobody.
 * @throws {AggregateError} of what went wrong on any of them, when all are done
 */
export async function takeOutEverywhere(inputs: RolloutInputs, server: Server, report: Report) {
  await onEach(inputs, report, async ({ haproxy }, tell) => {
    if (!(await readServers(haproxy)).some(({ isUp }) => isUp)) return;
    await takeOut({ ...inputs, haproxy, name: server.name }, tell);
  });
}

/**
 * Brings servers into the rotation of every HAProxy, checked as is declared, whatever haproxy.cfg still says,
 * and waits until they are up.
 * @throws {AggregateError} as {@link takeOutEverywhere}
 */
export async function bringUpEverywhere(inputs: RolloutInputs, servers: readonly Server[], report: Report) {
  const host = await hostOf(inputs);
  await onEach(inputs, report, async ({ haproxy }, tell) => {
    await haproxy.runSteps(servers.flatMap(({ name }) => haproxy.steps.checkWith(name, inputs.check)));
    await bringUpOn(haproxy, host, { ...inputs, servers }, tell);
  });
}

/** The same for a server whose container is the one of before again, and is checked as haproxy.cfg says. */
export async function bringUpBefore(inputs: RolloutInputs, server: Server, report: Report) {
  const host = await hostOf(inputs);
  await onEach(inputs, report, async ({ haproxy }, tell) => {
    await haproxy.runSteps([haproxy.steps.checkAsOthers(server.name)]);
    await bringUpOn(haproxy, host, { ...inputs, servers: [server], check: undefined }, tell);
  });
}

const bringUpOn = (
  haproxy: Haproxy,
  host: AppHost,
  { drainTimeoutMs, readyTimeoutMs, servers, check }: Omit<Parameters<typeof bringUp>[0], "haproxy">,
  tell: Report,
): Promise<void> =>
  withContainerLogs(host, (known) =>
    bringUp({ haproxy, drainTimeoutMs, readyTimeoutMs, servers, check, ...known }, tell),
  );

/** Reads the servers of every HAProxy. */
export const lookEverywhere = (inputs: RolloutInputs, report: Report): Promise<readonly RunningServer[][]> =>
  onEach(inputs, report, ({ haproxy }) => readServers(haproxy));

/** Whether every HAProxy has the server in rotation. */
export async function isUpEverywhere({ balancers, credentials }: RolloutInputs, server: Server) {
  const found = await Promise.all(
    balancers.map((address) => unlessDown(() => readServers(haproxyAt(address, credentials).haproxy))),
  );
  const isServing = (running: RunningServer): boolean =>
    running.name === server.name && isInRotation(running);
  return found.every((servers) => servers?.some(isServing));
}

/**
 * Gives the sessions of a server that is deleted their time, on each HAProxy that stays and has it in use.
 * The sync has taken it out before, where its count went down.
 */
export async function leaveEverywhere(inputs: RolloutInputs, server: Server, report: Report): Promise<void> {
  const { balancers, credentials, drainTimeoutMs } = inputs;
  const leave = async (address: HaproxyAddress): Promise<void> => {
    const { haproxy } = haproxyAt(address, credentials);
    const found = (await readServers(haproxy)).find(({ name }) => name === server.name);
    if (found === undefined || found.adminState === "maint") return;
    if (server.isSlot !== true && found.address !== server.address) return;
    await retireServers({ haproxy, drainTimeoutMs }, [server.name], report);
  };
  const staying = balancers.filter(({ haproxyContainer }) => !isRemoved(haproxyContainer));
  // A HAProxy that does not answer serves nobody.
  await Promise.all(staying.map((address) => unlessDown(() => leave(address))));
}

async function onEach<T>(
  { balancers, credentials }: RolloutInputs,
  report: Report,
  work: (reached: ReachableHaproxy, report: Report) => Promise<T>,
): Promise<readonly T[]> {
  const { done, failures } = await settle(
    balancers.map(async (address) => {
      const reached = haproxyAt(address, credentials);
      await waitReachable(reached);
      return work(reached, (line, kind) => report(`${address.haproxyContainer}: ${line}`, kind));
    }),
  );
  const messages = new Set(failures.map(messageOf));
  if (failures.length > 0) throw new AggregateError(failures, [...messages].join("\n"));
  return done;
}
