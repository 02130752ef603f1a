import { distribute } from "../../../src/probe/distribution.ts";
import type { ProbeResult } from "../../../src/probe/probe-run.ts";
import { mappingOf } from "./mappings.ts";

const NONE = { count: 0, examples: [] };

/** What a probe of four sessions finds when all is well. */
export function resultOf(changes: Partial<ProbeResult> = {}): ProbeResult {
  const { stack, mode, seed, sessions, createdAt, servers, homes } = mappingOf(
    ["s1", "s2"],
    ["s1", "s2", "s1", "s1"],
  );
  return {
    stack,
    mode,
    seed,
    sessions,
    createdAt,
    path: "/",
    rounds: ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    requests: 8,
    durationMs: 1_250,
    distribution: distribute(homes, servers),
    differences: NONE,
    cookieClients: { clients: 10, withCookie: 0, changes: NONE },
    webSockets: { sockets: 3, changes: NONE, failures: NONE },
    comparison: undefined,
    ...changes,
  };
}
