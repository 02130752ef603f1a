import type { HealthCheck } from "../../../../src/stack/health-check.ts";
import type { Mode } from "../../../../src/stack/settings.ts";
import { planTopology, type Server } from "../../../../src/stack/topology.ts";
import { settingsOf } from "../../../harness/pulumi-config.ts";

/** Servers s1, s2, … as a stack of so many declares them. */
export const declare = (count: number, mode: Mode = "sticky"): readonly Server[] =>
  planTopology(settingsOf({ mode, count: String(count) })).servers;

/** The check that a stack has by default, but with another path. */
export const checkOf = (path: string): HealthCheck => ({ path, host: "localhost", status: "200-399" });
