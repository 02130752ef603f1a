import { z } from "zod";
import { type AppContainer, refuseForeign } from "../../docker/app-container.ts";
import type { AppHost, FoundApp } from "../../docker/app-host.ts";
import { asNumber } from "../../docker/container-arguments.ts";
import type { Limits } from "../../docker/limits.ts";
import type { Report } from "../../haproxy/servers/report.ts";
import { APP_SERVER, type AppServerInputs } from "../inputs.ts";
import { rolloutOf } from "./app-rollout.ts";
import { bringUpEverywhere, isUpEverywhere, leaveEverywhere, takeOutEverywhere } from "./app-rotation.ts";
import { hostOf } from "./host-of.ts";
import { PartlyCreatedError, type ResourceType } from "./resource-type.ts";

const OUTPUTS = z.object({
  /** Docker's id; empty when there is no container. */
  containerId: z.string(),
  /** What the container was made from. */
  runs: z.string(),
  isRunning: z.boolean(),
  /** What somebody did to its limits, in words. */
  drift: z.array(z.string()),
  /** Its address on the stack's network; empty for one that was disconnected. */
  address: z.string(),
});
type Outputs = z.infer<typeof OUTPUTS>;

/**
 * A server of the stack and the app container behind it. To create or to update one is to make its ordinal
 * run what is declared, whatever ran there before; where something did, it leaves HAProxy first, and its
 * successor is proved.
 */
export const appServer: ResourceType<AppServerInputs, Outputs> = {
  inputs: APP_SERVER,
  outputs: OUTPUTS,
  replacedFor: ["network"],
  async create(inputs, report) {
    const { containerName: id } = inputs.server;
    const host = await hostOf(inputs);
    const found = await host.find(id);
    if (found !== undefined) refuseForeign(host, found, containerOf(inputs));
    try {
      // What exists is replaced even if it is as declared: Pulumi may be about to delete it as the one of
      // before.
      await makeRun(host, found, inputs, report);
    } catch (error) {
      const made = await host.find(id);
      if (made === undefined || made.id === found?.id) throw error;
      throw new PartlyCreatedError({ id, outputs: describe(made, inputs) }, error);
    }
    return { id, outputs: await look(host, inputs) };
  },
  async read(state) {
    const host = await hostOf(state);
    const found = await host.find(state.server.containerName);
    if (found === undefined) return "gone";
    return { ...describe(found, state), drift: await host.findDrift(found, limitsOf(state)) };
  },
  async differs(state, inputs) {
    const { definition, pids, server, isProvedFirst } = inputs;
    return (
      inputs.isMoved === true ||
      state.containerId === "" ||
      state.runs !== definition ||
      !state.isRunning ||
      state.address !== server.address ||
      state.drift.length > 0 ||
      state.pids !== pids ||
      (isProvedFirst && !(await isUpEverywhere(inputs, server)))
    );
  },
  async update(inputs, state, report) {
    const host = await hostOf(inputs);
    const found = await host.find(inputs.server.containerName);
    if (found !== undefined) refuseForeign(host, found, containerOf(inputs), state.containerId);
    const isAsDeclared =
      inputs.isMoved !== true &&
      found?.definition === inputs.definition &&
      found.address === inputs.server.address &&
      hasJoined(found, inputs);
    if (isAsDeclared) {
      await host.resume(found, containerOf(inputs));
      await proveFirst(inputs, report);
    } else {
      await makeRun(host, found, inputs, report);
    }
    return look(host, inputs);
  },
  /** What has taken the container's place is not this resource's. */
  async delete(state, report) {
    const host = await hostOf(state);
    const found = await host.find(state.server.containerName);
    if (found?.id !== state.containerId) return;
    await leaveEverywhere(state, state.server, report);
    await host.remove(state.containerId);
    if (state.files !== undefined) await host.removeUnusedFiles(state.labels);
  },
};

/** Makes the declared container run, in place of the one that was found, or of one that is kept. */
async function makeRun(host: AppHost, found: FoundApp | undefined, inputs: AppServerInputs, report: Report) {
  const { server, isProvedFirst } = inputs;
  if (found === undefined && !(await host.isKept(server.containerName))) {
    await host.run(containerOf(inputs));
    await proveFirst(inputs, report);
    return;
  }
  await rolloutOf(inputs).replace(inputs, report, async (isServing) => {
    await takeOutEverywhere(inputs, server, report);
    await host.replace(found, containerOf(inputs), isServing);
    // Where nobody served, what kept it down may be mended by the end of the update alone.
    if (!isServing && !isProvedFirst) return;
    await bringUpEverywhere(inputs, [server], report);
  });
}

/** Proves a server that a roll-out counts on. */
async function proveFirst(inputs: AppServerInputs, report: Report): Promise<void> {
  const { server, isProvedFirst } = inputs;
  if (!isProvedFirst) return;
  const prove = () => bringUpEverywhere(inputs, [server], report);
  await rolloutOf(inputs).prove(server.name, inputs, report, prove);
}

async function look(host: AppHost, inputs: AppServerInputs): Promise<Outputs> {
  const found = await host.find(inputs.server.containerName);
  return found === undefined ? GONE : describe(found, inputs);
}

const GONE: Outputs = { containerId: "", runs: "", isRunning: false, drift: [], address: "" };

const describe = (found: FoundApp, inputs: AppServerInputs): Outputs => ({
  containerId: found.id,
  runs: hasJoined(found, inputs) ? found.definition : "",
  isRunning: found.state === "running",
  drift: [],
  address: found.address,
});

const hasJoined = (found: FoundApp, { networks = [] }: AppServerInputs): boolean =>
  networks.every((name) => found.networks?.includes(name) ?? true);

const limitsOf = ({ container, pids }: AppServerInputs): Limits => ({
  memory: container.HostConfig.Memory,
  pids,
});

const containerOf = ({ server, container, networks = [], ...rest }: AppServerInputs): AppContainer => ({
  name: server.containerName,
  made: asNumber(container, server.id),
  definition: rest.definition,
  labels: rest.labels,
  pids: rest.pids,
  networks,
  files: rest.files,
  restartDelayMs: rest.restartDelayMs,
});
