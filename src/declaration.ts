import type Docker from "dockerode";
import type { Declared, Observed } from "./changes.ts";
import { definitionName } from "./engine/labels.ts";
import { type ObservedApp, observeApps, observeBalancers } from "./engine/observation.ts";
import { renderConfig } from "./haproxy/config.ts";
import { planRollout } from "./rollout.ts";
import type { RunningState } from "./runtime/client.ts";
import { observeRuntimes } from "./runtime/observation.ts";
import type { Settings } from "./settings.ts";
import { planTopology, runtimeEndpoint } from "./topology.ts";

/** A stack as it is declared, next to what of it exists. */
export interface Situation {
  readonly declared: Declared;
  readonly observed: Observed;
  readonly apps: ReadonlyMap<string, ObservedApp>;
}

/** Works out what a stack shall be, and looks at what it is. Changes nothing. */
export async function lookAtStack(docker: Docker, settings: Settings): Promise<Situation> {
  const topology = planTopology(settings);
  const config = renderConfig(topology);
  const [apps, balancers, running] = await Promise.all([
    observeApps(docker, settings.stack),
    observeBalancers(docker, settings.stack),
    observeRuntimes(new Map(topology.balancers.map((balancer) => [balancer.containerName, runtimeEndpoint(balancer)]))),
  ]);
  const { image, command, env, confinement } = settings.app;
  const { pids: _, ...limits } = confinement.limits; // changed on the running container
  const rollout = planRollout({
    servers: topology.servers,
    definition: definitionName({ image, command, env, confinement: { ...confinement, limits } }),
    running: new Map([...apps].map(([name, { definition }]) => [name, definition])),
    up: upEverywhere([...running.values()]),
    batch: settings.rollout.batch,
  });
  return { declared: { settings, topology, config, rollout }, observed: { balancers, running }, apps };
}

/** Servers that every balancer that answers reports up, by name. */
function upEverywhere(running: readonly RunningState[]): ReadonlySet<string> {
  const [first = new Set<string>(), ...rest] = running.map(({ servers }) => new Set(servers.flatMap(({ name, isUp }) => (isUp ? [name] : []))));
  return new Set([...first].filter((name) => rest.every((up) => up.has(name))));
}
