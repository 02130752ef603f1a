import type { Peer } from "../haproxy/runtime/peers.ts";
import type { ProcessInfo } from "../haproxy/runtime/process-info.ts";
import type { AdminState, RunningServer, ServerStats } from "../haproxy/runtime/state.ts";
import { type Action, actionsOf, planServers } from "../haproxy/servers/update-plan.ts";
import type { Server } from "../stack/topology.ts";

/** A server in HAProxy's eyes, next to its declaration. */
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
  /** Differences from the declaration. */
  readonly drift: string;
}

/** A balancer with its servers. It has no `process` and no servers if it does not answer. */
export interface BalancerStatus {
  readonly endpoint: string;
  readonly process: ProcessInfo | undefined;
  /** The other balancers in its eyes. */
  readonly peers: readonly Peer[];
  /** Says why it does not answer. */
  readonly error: string | undefined;
  /** Whether the worker runs the declared config, apart from its servers. */
  readonly isConfigDeclared: boolean;
  readonly servers: readonly ServerStatus[];
}

/**
 * Compares what runs with what is declared, in the order of the servers' ids. Differences are what the next
 * update would mend, and servers that are down.
 * @param readyPath the path that the running config checks servers with
 * @param images of the app containers, by their names; different ones are told
 */
export function compareServers(
  declared: readonly Server[],
  running: readonly RunningServer[],
  stats: readonly ServerStats[],
  readyPath?: string,
  images: ReadonlyMap<string, string> = new Map(),
): ServerStatus[] {
  const told = new Map(stats.map((server) => [server.name, server]));
  const wanted = new Map(declared.map((server) => [server.name, server]));
  const isMixed = new Set(declared.flatMap(({ containerName }) => images.get(containerName) ?? [])).size > 1;
  const versionOf = ({ containerName }: Server): string =>
    isMixed ? `image ${images.get(containerName) ?? "none"}` : "";
  const actions = Map.groupBy(actionsOf(planServers(declared, running, readyPath)), (action) =>
    action.kind === "add" ? action.server.name : action.name,
  );
  const present = running
    .toSorted((a, b) => a.id - b.id)
    .map((server): ServerStatus => {
      const own = wanted.get(server.name);
      const drift = own
        ? driftOf(server, own, actions.get(server.name) ?? [], versionOf(own))
        : "not declared";
      return { ...statusOf(server, told.get(server.name)), isDeclared: own !== undefined, drift };
    });
  const names = new Set(running.map(({ name }) => name));
  return [...present, ...declared.filter(({ name }) => !names.has(name)).map(missing)];
}

function statusOf(
  server: RunningServer,
  told: ServerStats | undefined,
): Omit<ServerStatus, "isDeclared" | "drift"> {
  return {
    name: server.name,
    address: `${server.address}:${server.port}`,
    adminState: server.adminState,
    status: told?.status ?? "",
    check: [told?.checkStatus, told?.checkDescription]
      .filter((word) => word !== undefined && word !== "")
      .join(" "),
    checkDurationMs: told?.checkDurationMs,
    weight: server.weight,
    cookie: told?.cookie ?? "",
    currentSessions: told?.currentSessions ?? 0,
    totalSessions: told?.totalSessions ?? 0,
  };
}

function driftOf(server: RunningServer, wanted: Server, actions: readonly Action[], version: string): string {
  const isDown = server.adminState === "ready" && !server.isUp;
  const all = [...actions.flatMap((action) => words(action, server, wanted)), version, isDown ? "down" : ""];
  return all.filter((word) => word !== "").join(", ");
}

/** Names the difference that an action of the next update mends. */
function words(action: Action, server: RunningServer, wanted: Server): string[] {
  switch (action.kind) {
    case "remove":
      return [
        !server.isMendable
          ? "has no check"
          : server.id === wanted.id
            ? `declared cookie ${wanted.cookie ?? "none"}`
            : `declared id ${wanted.id}`,
      ];
    case "add":
      return []; // after the removal of what has its name
    case "set-address":
      return [`declared ${wanted.address}:${wanted.port}`];
    case "set-weight":
      return [`declared weight ${action.weight}`];
    case "enable-check":
      return ["not checked"];
    case "check-as-others":
      return [`checked with ${server.checkPath}`];
    case "set-ready":
      return [server.adminState];
    default:
      return action satisfies never;
  }
}

const missing = ({ name, address, port }: Server): ServerStatus => ({
  name,
  address: `${address}:${port}`,
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
  balancers.every(
    ({ process, isConfigDeclared, servers }) =>
      process !== undefined && isConfigDeclared && servers.every(({ drift }) => drift === ""),
  );
