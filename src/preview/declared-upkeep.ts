import { type Upkeep, upkeepAt } from "../docker/drift.ts";
import { MONITORING_LIMITS } from "../stack/monitoring-limits.ts";
import type { Settings } from "../stack/settings.ts";
import type { Topology } from "../stack/topology.ts";

/** What the app containers keep, by name. */
export const appUpkeep = ({ app }: Settings, topology: Topology): ReadonlyMap<string, Upkeep> =>
  new Map(
    topology.servers.map((server) => [
      server.containerName,
      upkeepAt(topology, server, app.confinement.limits),
    ]),
  );

/** What the other containers keep, by name. */
export function otherUpkeep({ haproxyLimits }: Settings, topology: Topology): ReadonlyMap<string, Upkeep> {
  const { balancers, monitoring } = topology;
  const services =
    monitoring === undefined
      ? []
      : [
          { ...monitoring.prometheus, limits: MONITORING_LIMITS.prometheus },
          { ...monitoring.grafana, limits: MONITORING_LIMITS.grafana },
        ];
  const all = [...balancers.map((balancer) => ({ ...balancer, limits: haproxyLimits })), ...services];
  return new Map(all.map((each) => [each.containerName, upkeepAt(topology, each, each.limits)]));
}
