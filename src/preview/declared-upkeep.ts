import { type Upkeep, upkeepAt } from "../docker/drift.ts";
import { servicesOf } from "../stack/monitoring-services.ts";
import type { Settings } from "../stack/settings.ts";
import type { Topology } from "../stack/topology.ts";

/** What the app containers keep, by name. */
export const appUpkeep = ({ app }: Settings, topology: Topology): ReadonlyMap<string, Upkeep> =>
  new Map(
    topology.servers.map((server) => [
      server.containerName,
      { ...upkeepAt(topology, server, app.confinement.limits), joins: app.networks },
    ]),
  );

/** What the other containers keep, by name. */
export function otherUpkeep({ haproxyLimits }: Settings, topology: Topology): ReadonlyMap<string, Upkeep> {
  const balancers = topology.balancers.map((balancer) => ({ ...balancer, limits: haproxyLimits }));
  const all = [...balancers, ...servicesOf(topology.monitoring)];
  return new Map(all.map((each) => [each.containerName, upkeepAt(topology, each, each.limits)]));
}
