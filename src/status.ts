import type { ProcessInfo } from "./runtime/process-info.ts";
import type { AdminState, RunningServer, ServerStats } from "./runtime/state.ts";

/** A server as HAProxy sees it, next to what is declared. */
export interface ServerStatus {
  readonly name: string;
  readonly address: string;
  readonly isDeclared: boolean;
  /** Undefined for a declared server that HAProxy does not have. */
  readonly adminState: AdminState | undefined;
  /** `UP`, `DOWN 1/2`, `MAINT`, …, in HAProxy's words. */
  readonly status: string;
  readonly check: string;
  readonly checkDurationMs: number | undefined;
  readonly weight: number | undefined;
  readonly cookie: string;
  readonly currentSessions: number;
  readonly totalSessions: number;
  /** What differs from the declaration; empty when nothing does. */
  readonly drift: string;
}

/** A balancer with its servers; without `process` when it does not answer. */
export interface BalancerStatus {
  readonly endpoint: string;
  readonly process: ProcessInfo | undefined;
  /** Why it does not answer. */
  readonly error: string | undefined;
  readonly servers: readonly ServerStatus[];
}

type Declared = readonly { readonly name: string; readonly address: string }[];

/** Puts what runs next to what is declared, in the order of the servers' ids. */
export function compareServers(declared: Declared, running: readonly RunningServer[], stats: readonly ServerStats[]): ServerStatus[] {
  const told = new Map(stats.map((server) => [server.name, server]));
  const wanted = new Map(declared.map((server) => [server.name, server]));
  const present = running.toSorted((a, b) => a.id - b.id).map((server) => statusOf(server, wanted.get(server.name)?.address, told.get(server.name)));
  const names = new Set(running.map(({ name }) => name));
  return [...present, ...declared.filter(({ name }) => !names.has(name)).map(missing)];
}

function statusOf(server: RunningServer, wanted: string | undefined, told: ServerStats | undefined): ServerStatus {
  const address = `${server.address}:${server.port}`;
  return {
    name: server.name,
    address,
    isDeclared: wanted !== undefined,
    adminState: server.adminState,
    status: told?.status ?? "",
    check: [told?.checkStatus, told?.checkDescription].filter((word) => word !== undefined && word !== "").join(" "),
    checkDurationMs: told?.checkDurationMs,
    weight: server.weight,
    cookie: told?.cookie ?? "",
    currentSessions: told?.currentSessions ?? 0,
    totalSessions: told?.totalSessions ?? 0,
    drift: driftOf(server, address, wanted),
  };
}

function driftOf(server: RunningServer, address: string, wanted: string | undefined): string {
  if (wanted === undefined) return "not declared";
  const differences = [
    ...(server.adminState === "ready" ? [] : [server.adminState]),
    ...(address === wanted ? [] : [`declared ${wanted}`]),
    ...(server.isChecked ? [] : ["not checked"]),
    ...(server.adminState !== "ready" || server.isUp ? [] : ["down"]),
  ];
  return differences.join(", ");
}

const missing = ({ name, address }: { readonly name: string; readonly address: string }): ServerStatus => ({
  name,
  address,
  isDeclared: true,
  adminState: undefined,
  status: "",
  check: "",
  checkDurationMs: undefined,
  weight: undefined,
  cookie: "",
  currentSessions: 0,
  totalSessions: 0,
  drift: "not in HAProxy",
});

/** Whether everything runs as declared. */
export const isAsDeclared = (balancers: readonly BalancerStatus[]): boolean =>
  balancers.every(({ process, servers }) => process !== undefined && servers.every(({ drift }) => drift === ""));
