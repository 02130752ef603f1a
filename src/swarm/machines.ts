import { connectEngine, type Engine } from "../docker/engine.ts";
import { EngineError, UnreachableError } from "../docker/engine-error.ts";
import type { EngineIdentity } from "../docker/engine-identity.ts";
import { inspectEngine } from "../docker/engine-replies.ts";
import type { Swarm } from "../stack/settings.ts";
import { messageOf } from "../stack/settled.ts";
import { findManager } from "./managers.ts";
import { listNodes } from "./swarm-replies.ts";

/** A machine by its name, and its Docker engine as in `DOCKER_HOST`. */
export interface MachineEngine {
  readonly name: string;
  readonly engine: string;
}

/**
 * Connects to the engine of a machine.
 * @throws {UnreachableError} The message says how an update goes on without it.
 */
export async function connectMachine({ name, engine }: MachineEngine): Promise<Engine> {
  try {
    return await connectEngine({ host: engine, what: `the Docker engine of machine ${name}` });
  } catch (cause) {
    if (!(cause instanceof UnreachableError)) throw cause;
    const without = `npx pulumi config set --path ${downKeyOf(name)} true`;
    throw new UnreachableError(`${messageOf(cause)}, or go on without the machine: ${without}`, { cause });
  }
}

/** Where the config says that a machine is dead. A dot of its name would begin another key. */
const downKeyOf = (name: string): string =>
  name.includes(".") ? `'machines["${name}"].down'` : `machines.${name}.down`;

/** A manager of a Swarm, and the engines of the machines that are there, by the machines' names. */
export interface ConnectedSwarm {
  readonly docker: Engine;
  readonly machines: ReadonlyMap<string, Engine>;
}

/**
 * Connects to a manager and to each machine that is not said to be dead.
 * @throws {EngineError} with why there is no manager, or with all machines that cannot be reached or are in
 *   another Swarm, before anything is touched
 */
export async function connectSwarm({ managers, machines }: Pick<Swarm, "managers" | "machines">) {
  const there = machines.filter(({ isDown }) => !isDown);
  const [manager, ...engines] = await Promise.allSettled([
    findManager(managers),
    ...there.map(async (machine) => [machine.name, await connectMachine(machine)] as const),
  ] as const);
  // Without a manager there is nothing to go on with, whatever machines are there.
  if (manager.status === "rejected") throw manager.reason;
  const failures = engines.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
  if (failures.length > 0) throw new EngineError([...new Set(failures.map(messageOf))].join("\n"));
  const connected = engines.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  await refuseStrangers(manager.value, connected);
  return { docker: manager.value, machines: new Map(connected) };
}

/** @throws {EngineError} naming machines that are not in the managers' Swarm, and those named twice */
async function refuseStrangers(manager: Engine, machines: readonly (readonly [string, Engine])[]) {
  const nodes = new Set((await listNodes(manager)).map(({ ID }) => ID));
  const names = new Map<string, string>();
  const mistakes: string[] = [];
  for (const [name, engine] of machines) {
    const { NodeID } = (await inspectEngine(engine)).Swarm;
    const other = names.get(NodeID);
    if (!nodes.has(NodeID)) mistakes.push(`machine ${name} is not in the Swarm of the managers; join it`);
    else if (other !== undefined) mistakes.push(`machines ${other} and ${name} are the same machine`);
    names.set(NodeID, name);
  }
  if (mistakes.length > 0) throw new EngineError(mistakes.join("\n"));
}

/** Tells which Swarm this is. */
export async function identifySwarm(manager: Engine): Promise<EngineIdentity> {
  const { Swarm: found } = await inspectEngine(manager);
  return { id: found.Cluster.ID, host: "" };
}
