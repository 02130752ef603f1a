import { readServers, unlessDown } from "../../haproxy/runtime/running-state.ts";
import { isInRotation, type RunningServer } from "../../haproxy/runtime/state.ts";
import type { Report } from "../../haproxy/servers/report.ts";
import { retireServers } from "../../haproxy/servers/retire.ts";
import { bringUp } from "../../haproxy/servers/sync.ts";
import { takeOut } from "../../haproxy/servers/take-out.ts";
import type { AppServerInputs, HaproxyAddress } from "../inputs.ts";
import { haproxyAt, isRemoved, type ReachableHaproxy, waitReachable, withContainerLogs } from "./haproxy.ts";

/**
 * Takes a server out of rotation and out of every HAProxy, as one that is gone for good: its successor is
 * another server under the same name and id.
 * @returns whether some HAProxy had a server up, so that there is somebody to keep served
 * @throws {AggregateError} of what went wrong on any of them, when all are done
 */
export async function takeOutEverywhere(inputs: AppServerInputs, report: Report): Promise<boolean> {
  const wereServing = await onEach(inputs, report, async ({ haproxy }, tell) => {
    const servers = await readServers(haproxy);
    if (!servers.some(({ isUp }) => isUp)) return false;
    await takeOut({ ...inputs, haproxy, name: inputs.server.name }, tell);
    return true;
  });
  return wereServing.includes(true);
}

/**
 * Brings a server into the rotation of every HAProxy, and waits until a check finds it up.
 * @throws {AggregateError} as {@link takeOutEverywhere}
 */
export async function bringUpEverywhere(inputs: AppServerInputs, report: Report): Promise<void> {
  await onEach(inputs, report, ({ haproxy }, tell) =>
    withContainerLogs(() => bringUp({ ...inputs, haproxy, servers: [inputs.server] }, tell)),
  );
}

/** Whether every HAProxy has the server in rotation. */
export async function isUpEverywhere({ balancers, credentials, server }: AppServerInputs): Promise<boolean> {
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
export async function leaveEverywhere(inputs: AppServerInputs, report: Report): Promise<void> {
  const { balancers, credentials, server, drainTimeoutMs } = inputs;
  const leave = async (address: HaproxyAddress): Promise<void> => {
    const { haproxy } = haproxyAt(address, credentials);
    const found = (await readServers(haproxy)).find(({ name }) => name === server.name);
    if (found === undefined || found.address !== server.address || found.adminState === "maint") return;
    await retireServers({ haproxy, drainTimeoutMs }, [server.name], report);
  };
  const staying = balancers.filter(({ haproxyContainer }) => !isRemoved(haproxyContainer));
  // A HAProxy that does not answer serves nobody.
  await Promise.all(staying.map((address) => unlessDown(() => leave(address))));
}

async function onEach<T>(
  { balancers, credentials }: AppServerInputs,
  report: Report,
  work: (reached: ReachableHaproxy, report: Report) => Promise<T>,
): Promise<T[]> {
  const results = await Promise.allSettled(
    balancers.map(async (address) => {
      const reached = haproxyAt(address, credentials);
      await waitReachable(reached);
      return work(reached, (line, kind) => report(`${address.haproxyContainer}: ${line}`, kind));
    }),
  );
  const errors: unknown[] = results.flatMap((result) =>
    result.status === "rejected" ? [result.reason] : [],
  );
  const messages = errors.map((error) => (error instanceof Error ? error.message : String(error)));
  if (errors.length > 0) throw new AggregateError(errors, [...new Set(messages)].join("\n"));
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}
