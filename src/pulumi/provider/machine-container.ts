import { z } from "zod";
import { removeApp } from "../../docker/app-container.ts";
import { type Drift, findDrift } from "../../docker/drift.ts";
import type { Engine } from "../../docker/engine.ts";
import { dockerWords, EngineError } from "../../docker/engine-error.ts";
import { type FoundContainer, inspectContainer } from "../../docker/engine-replies.ts";
import { checkPortsFree } from "../../docker/free-ports.ts";
import { checkIsOwn, DEFINITION_LABEL, definitionName, MADE_FROM_LABEL } from "../../docker/labels.ts";
import { startOnOverlay } from "../../docker/start-on-overlay.ts";
import { startWithFiles } from "../../docker/start-with-files.ts";
import type { Report } from "../../haproxy/servers/report.ts";
import { MACHINE_CONTAINER, type MachineContainerInputs } from "../inputs.ts";
import { engineOf } from "./host-of.ts";
import { made, type ResourceType } from "./resource-type.ts";

const OUTPUTS = z.object({
  /** Docker's id; empty when there is no container. */
  containerId: z.string(),
  isRunning: z.boolean(),
  /** What it was made from. */
  runs: z.string(),
  /** What somebody did to it, in words. */
  drift: z.array(z.string()),
});
type Outputs = z.infer<typeof OUTPUTS>;

/** A container that is bound to a machine, and of which nothing takes the place where that is dead. */
export const machineContainer: ResourceType<MachineContainerInputs, Outputs> = {
  inputs: MACHINE_CONTAINER,
  outputs: OUTPUTS,
  whenDown: ({ containerName }) => ({ id: containerName, outputs: GONE }),
  ...made(({ containerName }) => containerName, ensure),
  async read(state) {
    const docker = await engineOf(state);
    const found = await inspectContainer(docker, state.containerName);
    return found === undefined ? GONE : describe(found, await findDrift(docker, found, upkeepOf(state)));
  },
  differs: (state, inputs) =>
    !state.isRunning ||
    state.runs !== definitionOf(inputs) ||
    state.networkId !== inputs.networkId ||
    state.machine.engine !== inputs.machine.engine ||
    state.pids !== inputs.pids ||
    state.drift.length > 0,
  async delete(state) {
    await removeApp(await engineOf(state), state.containerId);
  },
};

const GONE: Outputs = { containerId: "", isRunning: false, runs: "", drift: [] };

const describe = (found: FoundContainer, drift?: Drift): Outputs => ({
  containerId: found.Id,
  isRunning: found.State.Running,
  runs: found.Config.Labels[DEFINITION_LABEL] ?? "",
  drift: drift === undefined ? [] : [...drift.limits, ...drift.address, ...drift.networks],
});

const upkeepOf = ({ container, pids, network, address }: MachineContainerInputs) => ({
  limits: { memory: container.HostConfig.Memory, pids },
  network,
  address,
});

/** Names what the container is made from. */
const definitionOf = ({ container, madeFrom, files, address }: MachineContainerInputs): string =>
  definitionName([container, madeFrom, files, address]);

/**
 * Sees to it that the container runs as it is declared: one that is made from something else is replaced, and
 * one that a boot left behind is started.
 */
async function ensure(
  inputs: MachineContainerInputs,
  last: (MachineContainerInputs & Outputs) | undefined,
  report: Report,
): Promise<Outputs> {
  const docker = await engineOf(inputs);
  const { containerName, labels } = inputs;
  const found = await inspectContainer(docker, containerName);
  if (found !== undefined && found.Id !== last?.containerId)
    checkIsOwn("container", containerName, found.Config.Labels, labels);
  const isAsDeclared =
    found?.Config.Labels[DEFINITION_LABEL] === definitionOf(inputs) &&
    (last === undefined || last.networkId === inputs.networkId);
  if (found === undefined || !isAsDeclared) {
    if (found !== undefined) await removeApp(docker, found.Id);
    await create(docker, inputs, report);
  } else {
    await keepUp(docker, found, inputs, report);
  }
  const now = await inspectContainer(docker, containerName);
  return now === undefined ? GONE : describe(now);
}

async function create(docker: Engine, inputs: MachineContainerInputs, report: Report): Promise<void> {
  const { containerName: name, container: made, pids, network, address, madeFrom, files } = inputs;
  const published = inputs.published.map((each) => ({ addressKey: undefined, ...each }));
  await checkPortsFree(docker, published, undefined, inputs.machine.engine);
  const own = { [MADE_FROM_LABEL]: madeFrom, [DEFINITION_LABEL]: definitionOf(inputs) };
  const labels = { ...inputs.labels, ...own };
  await startWithFiles(docker, { name, made, labels, pids, network, address }, files, report);
}

async function keepUp(docker: Engine, found: FoundContainer, inputs: MachineContainerInputs, report: Report) {
  const drift = await findDrift(docker, found, upkeepOf(inputs));
  const words = describe(found, drift).drift;
  try {
    if (found.State.Paused) await docker.getContainer(found.Id).unpause();
    if (found.State.Running) await drift.mend();
    else await startOnOverlay(docker.getContainer(found.Id), report);
  } catch (cause) {
    throw new EngineError(`container ${inputs.containerName} cannot be started: ${dockerWords(cause)}`, {
      cause,
    });
  }
  if (found.State.Running && words.length > 0) report(words.join(", "));
}
