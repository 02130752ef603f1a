import type { AppHost, FoundApp } from "../../docker/app-host.ts";
import { asNumber, atAddress } from "../../docker/container-arguments.ts";
import { EngineError } from "../../docker/engine-error.ts";
import { definitionName, describeTaken, isOfStack, STACK_LABEL } from "../../docker/labels.ts";
import { isInRotation } from "../../haproxy/runtime/state.ts";
import type { Report } from "../../haproxy/servers/report.ts";
import type { AppServerInputs, RolloutInputs } from "../inputs.ts";
import { bringUpEverywhere, leaveEverywhere, lookEverywhere } from "./app-rotation.ts";
import { hostOf } from "./host-of.ts";

/** Containers count from 1. */
const STAND_IN_NUMBER = 0;

/** Whether a HAProxy has a server in rotation, the stand-in apart. */
export async function isAnyServing(inputs: RolloutInputs, report: Report): Promise<boolean> {
  const found = await lookEverywhere(inputs, report);
  return found.flat().some((server) => isInRotation(server) && server.name !== inputs.standIn.name);
}

/** Finds the stand-in. What somebody else has under its name is none. */
export async function findStandIn(host: AppHost, inputs: RolloutInputs): Promise<FoundApp | undefined> {
  const found = await host.find(inputs.standIn.containerName);
  return found !== undefined && isOurs(found, inputs) ? found : undefined;
}

const isOurs = (found: FoundApp, { labels }: RolloutInputs): boolean =>
  isOfStack(found.labels, labels[STACK_LABEL] ?? "");

/**
 * Sees to it that a container of the new version runs at the stand-in's address, and is up in every HAProxy
 * as a backup server, which gets nothing while another is up.
 * @throws {NotUpError | EngineError} when it does not come up. It is removed then. Or its name is taken.
 */
export async function ensureStandIn(inputs: AppServerInputs, report: Report): Promise<void> {
  const { standIn, container, network, labels, pids, networks = [], files, restartDelayMs } = inputs;
  const host = await hostOf(inputs);
  const made = asNumber(atAddress(container, network, standIn.address), STAND_IN_NUMBER);
  const definition = definitionName([made, networks, files]);
  const found = await host.find(standIn.containerName);
  if (found !== undefined && !isOurs(found, inputs))
    throw new EngineError(describeTaken(host.kind, standIn.containerName));
  const isThere = found?.definition === definition && found.state === "running";
  if (found !== undefined && !isThere) await endStandIn(inputs, report);
  try {
    if (!isThere)
      await host.run({
        ...{ name: standIn.containerName, made, definition, labels, pids, networks, files },
        restartDelayMs,
      });
    await bringUpEverywhere(inputs, [standIn], report);
  } catch (error) {
    await endStandIn(inputs, report);
    throw error;
  }
}

/** Gives the stand-in's sessions their time, and removes it. There may be none. */
export async function endStandIn(inputs: RolloutInputs, report: Report): Promise<void> {
  const host = await hostOf(inputs);
  await leaveEverywhere(inputs, inputs.standIn, report);
  const found = await findStandIn(host, inputs);
  if (found !== undefined) await host.remove(found.id);
}
