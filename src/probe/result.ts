import type { Mode } from "../stack/settings.ts";
import type { Comparison } from "./comparison.ts";
import type { CookieClients } from "./cookie-clients.ts";
import type { Distribution } from "./distribution.ts";
import type { Findings } from "./findings.ts";
import type { Difference } from "./sent-sessions.ts";
import type { WebSockets } from "./websockets.ts";

/** The result of a probe. */
export interface ProbeResult {
  readonly stack: string;
  readonly mode: Mode;
  readonly seed: number;
  readonly sessions: number;
  readonly path: string;
  /** ISO 8601, in UTC. */
  readonly createdAt: string;
  /** URLs of the balancers that all sessions were sent through in turn. The last is the first again. */
  readonly rounds: readonly string[];
  /** Count of the sessions' requests, and the time that they took together. */
  readonly requests: number;
  readonly durationMs: number;
  /** Distribution in the first round. */
  readonly distribution: Distribution;
  /** Requests of later rounds that another server answered than in the first. */
  readonly differences: Findings<Difference>;
  readonly cookieClients: CookieClients;
  readonly webSockets: WebSockets;
  /** Undefined if there is no earlier mapping to compare with. */
  readonly comparison: Comparison | undefined;
}
