import { z } from "zod";
import {
  type AppContainer,
  type FoundApp,
  findApp,
  refuseForeign,
  removeApp,
  resumeApp,
  runApp,
} from "../../docker/app-container.ts";
import { connectEngine, type Engine } from "../../docker/engine.ts";
import { STACK_LABEL } from "../../docker/labels.ts";
import type { Report } from "../../haproxy/servers/report.ts";
import { APP_SERVER, type AppServerInputs } from "../inputs.ts";
import { bringUpEverywhere, isUpEverywhere, leaveEverywhere, takeOutEverywhere } from "./app-rotation.ts";
import { PartlyCreatedError, type ResourceType } from "./resource-type.ts";
import { turnsOf } from "./rollout-turns.ts";

const OUTPUTS = z.object({
  /** Docker's id; empty when there is no container. */
  containerId: z.string(),
  /** What the container was made from. */
  runs: z.string(),
  isRunning: z.boolean(),
  /** Its address on the stack's network; empty for one that was disconnected. */
  address: z.string(),
});
type Outputs = z.infer<typeof OUTPUTS>;

/** Time that a container gets to end by itself. */
const STOP_TIMEOUT_SECONDS = 10;

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
    const docker = await connectEngine();
    const found = await findApp(docker, id);
    if (found !== undefined) refuseForeign(found, containerOf(inputs));
    try {
      // What exists is replaced even if it is as declared: Pulumi may be about to delete it as the one of
      // before.
      await makeRun(docker, found, inputs, report);
    } catch (error) {
      const made = await findApp(docker, id);
      if (made === undefined || made.id === found?.id) throw error;
      throw new PartlyCreatedError({ id, outputs: describe(made, inputs) }, error);
    }
    return { id, outputs: await look(docker, inputs) };
  },
  async read(state) {
    const found = await findApp(await connectEngine(), state.server.containerName);
    return found === undefined ? "gone" : { ...describe(found, state), pids: found.pids };
  },
  async differs(state, inputs) {
    const { definition, pids, server, isProvedFirst } = inputs;
    return (
      state.containerId === "" ||
      state.runs !== definition ||
      !state.isRunning ||
      state.address !== server.address ||
      state.pids !== pids ||
      (isProvedFirst && !(await isUpEverywhere(inputs)))
    );
  },
  async update(inputs, state, report) {
    const docker = await connectEngine();
    const found = await findApp(docker, inputs.server.containerName);
    if (found !== undefined) refuseForeign(found, containerOf(inputs), state.containerId);
    const isAsDeclared =
      found?.definition === inputs.definition && found.addresses.includes(inputs.server.address);
    if (isAsDeclared) {
      await resumeApp(docker, found, inputs.pids);
      if (inputs.isProvedFirst) await bringUpEverywhere(inputs, report);
    } else {
      await makeRun(docker, found, inputs, report);
    }
    return look(docker, inputs);
  },
  /** What has taken the container's place is not this resource's. */
  async delete(state, report) {
    const docker = await connectEngine();
    const found = await findApp(docker, state.server.containerName);
    if (found?.id !== state.containerId) return;
    await leaveEverywhere(state, report);
    await removeApp(docker, state.containerId, STOP_TIMEOUT_SECONDS);
  },
};

/** Makes the declared container run, in place of the one that was found. */
async function makeRun(
  docker: Engine,
  found: FoundApp | undefined,
  inputs: AppServerInputs,
  report: Report,
): Promise<void> {
  if (found === undefined) {
    await runApp(docker, containerOf(inputs));
    if (inputs.isProvedFirst) await bringUpEverywhere(inputs, report);
    return;
  }
  await turnsOf(inputs.labels[STACK_LABEL] ?? "", inputs.atATime).take(inputs.server.name, async () => {
    const wasServing = await takeOutEverywhere(inputs, report);
    await removeApp(docker, found.id, STOP_TIMEOUT_SECONDS);
    await runApp(docker, containerOf(inputs));
    // Where nobody served, what kept it down may be mended by the end of the update alone.
    if (wasServing || inputs.isProvedFirst) await bringUpEverywhere(inputs, report);
  });
}

async function look(docker: Engine, inputs: AppServerInputs): Promise<Outputs> {
  const found = await findApp(docker, inputs.server.containerName);
  return found === undefined ? GONE : describe(found, inputs);
}

const GONE: Outputs = { containerId: "", runs: "", isRunning: false, address: "" };

const describe = ({ id, definition, state, addresses }: FoundApp, { server }: AppServerInputs): Outputs => ({
  containerId: id,
  runs: definition,
  isRunning: state === "running",
  address: addresses.includes(server.address) ? server.address : (addresses[0] ?? ""),
});

const containerOf = ({ server, container, definition, labels, pids }: AppServerInputs): AppContainer => ({
  name: server.containerName,
  made: container,
  definition,
  labels,
  pids,
});
