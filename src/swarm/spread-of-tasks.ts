import type { Engine } from "../docker/engine.ts";
import type { Spread } from "../stack/spread.ts";
import type { Server } from "../stack/topology.ts";
import { listNodes } from "./swarm-replies.ts";
import { findCurrentTasks } from "./tasks.ts";

/** Looks at which machines servers run, in the order of the servers. */
export async function findSpread(
  manager: Engine,
  servers: readonly Pick<Server, "name" | "containerName">[],
): Promise<Spread> {
  const [nodes, tasks] = await Promise.all([
    listNodes(manager),
    findCurrentTasks(
      manager,
      servers.map(({ containerName }) => containerName),
    ),
  ]);
  const names = new Map(nodes.map(({ ID, Description }) => [ID, Description.Hostname]));
  const places = servers.flatMap(({ name, containerName }) => {
    const machine = names.get(tasks.get(containerName)?.task.NodeID ?? "");
    return machine === undefined ? [] : [[name, machine] as const];
  });
  const canTake = nodes.filter(
    ({ Status, Spec }) => Status.State === "ready" && Spec.Availability === "active",
  );
  return {
    machines: canTake.map(({ Description }) => Description.Hostname),
    places: new Map(places),
  };
}
