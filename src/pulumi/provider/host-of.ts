import type { AppHost } from "../../docker/app-host.ts";
import { dockerHost } from "../../docker/docker-host.ts";
import { connectEngine, type Engine } from "../../docker/engine.ts";
import { connectMachine } from "../../swarm/machines.ts";
import { findManager } from "../../swarm/managers.ts";
import { swarmHost } from "../../swarm/swarm-host.ts";
import type { MachineInputs, SwarmInputs } from "../inputs.ts";

/** Finds where app containers run: on the engine, or on a Swarm. */
export const hostOf = async ({ swarm }: { readonly swarm?: SwarmInputs | undefined }): Promise<AppHost> =>
  swarm === undefined ? dockerHost(await connectEngine()) : swarmHost(await findManager(swarm.managers));

/** Connects to the engine of what is on a machine, or to the one of the stack. */
export const engineOf = ({ machine }: { readonly machine?: MachineInputs | undefined }): Promise<Engine> =>
  machine === undefined ? connectEngine() : connectMachine(machine);
