import { type HealthCheck, passes } from "../../stack/health-check.ts";
import type { Server } from "../../stack/topology.ts";
import { readStateAndStats } from "../runtime/running-state.ts";
import { proveUp } from "./prove.ts";
import type { Report } from "./report.ts";
import type { Target } from "./target.ts";

/**
 * Waits until servers are up by the statuses that the next config takes for ready, where the running one has
 * others. HAProxy is told of those that it takes for down, and checks them no more until the reload.
 * @throws {NotUpError} as {@link proveUp}
 */
export function judgeUp(
  target: Target,
  { servers, check }: { readonly servers: readonly Server[]; readonly check: HealthCheck },
  report: Report,
): Promise<void> {
  const { haproxy } = target;
  const passed = new Set<string>();
  const findMissing = async (): Promise<string[]> => {
    const { state, stats } = await readStateAndStats(haproxy);
    const codes = new Map(stats.map(({ name, checkCode }) => [name, checkCode]));
    const running = new Map(state.servers.map((server) => [server.name, server]));
    const isMissing = ({ name }: Server): boolean => {
      const found = running.get(name);
      const code = codes.get(name);
      // While a check is under way HAProxy tells no code.
      if (code !== undefined && passes(check, code)) passed.add(name);
      else if (code !== undefined) passed.delete(name);
      return found === undefined || !found.isUp || (found.isChecked && !passed.has(name));
    };
    const missing = servers.filter(isMissing).map(({ name }) => name);
    const judged = missing.filter((name) => passed.has(name) && running.get(name)?.adminState === "ready");
    await haproxy.runSteps(judged.flatMap((name) => haproxy.steps.trust(name)));
    return missing;
  };
  return proveUp(target, servers, report, findMissing);
}
