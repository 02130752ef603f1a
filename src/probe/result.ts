import type { Mode } from "../stack/settings.ts";
import type { Comparison } from "./comparison.ts";
import type { CookieClients } from "./cookie-clients.ts";
import type { Distribution } from "./distribution.ts";
import type { Findings } from "./findings.ts";
import type { Difference } from "./sessions.ts";
import type { WebSockets } from "./websockets.ts";

/** What a probe found. */
export interface ProbeResult {
  readonly stack: string;
  readonly mode: Mode;
  readonly seed: number;
  readonly sessions: number;
  readonly path: string;
  /** ISO 8601, in UTC. */
  readonly createdAt: string;
  /** URLs of the balancers that all sessions were sent through, one after the other; the last is the first again. */
  readonly rounds: readonly string[];
  /** Requests of sessions, and the time that they took together. */
  readonly requests: number;
  readonly durationMs: number;
  /** Of the first round. */
  readonly distribution: Distribution;
  /** Requests of later rounds that another server answered. */
  readonly differences: Findings<Difference>;
  readonly cookieClients: CookieClients;
  readonly webSockets: WebSockets;
  /** With an earlier mapping; undefined when there is none to compare with. */
  readonly comparison: Comparison | undefined;
}
