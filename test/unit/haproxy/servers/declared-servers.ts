import type { HealthCheck } from "../../../../src/stack/health-check.ts";
import type { Mode } from "../../../../src/stack/settings.ts";
import { planTopology, type Server, type Topology } from "../../../../src/stack/topology.ts";
import { type StackConfig, settingsOf } from "../../../harness/pulumi-config.ts";

/** Servers s1, s2, … as a stack of so many declares them. */
export const declare = (count: number, mode: Mode = "sticky"): readonly Server[] =>
  planTopology(settingsOf({ mode, count: String(count) })).servers;

/** The topology of a stack on a Swarm of one machine. */
export const onSwarm = (config: StackConfig = {}): Topology =>
  planTopology(
    settingsOf({
      engine: "swarm",
      machines: { a: { engine: "tcp://10.0.0.1:2375", address: "10.0.0.1" } },
      ...config,
    }),
  );

/** So many slots, as such a stack has them, and its stand-in's. */
export function slotsOf(count: number, mode: Mode = "sticky"): readonly Server[] {
  const { swarm, standIn } = onSwarm({ mode, slots: String(count), count: "0" });
  return [...(swarm?.slots ?? []), standIn];
}

/** The check that a stack has by default, but with another path. */
export const checkOf = (path: string): HealthCheck => ({ path, host: "localhost", status: "200-399" });
