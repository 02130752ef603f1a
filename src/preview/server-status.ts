import { valueIn } from "../haproxy/runtime/check-values.ts";
import type { Peer } from "../haproxy/runtime/peers.ts";
import type { ProcessInfo } from "../haproxy/runtime/process-info.ts";
import type { RunningServer, ServerStats } from "../haproxy/runtime/state.ts";
import { type Action, actionsOf, isIdleSlot, planServers } from "../haproxy/servers/update-plan.ts";
import type { Server } from "../stack/topology.ts";

/** A server in HAProxy's eyes, next to its declaration. */
export type ServerStatus = Readonly<ReturnType<typeof statusOf>> & {
  /** Of a Swarm, on which it runs. */
  readonly machine?: string;
};

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

/** What is known of the app containers beside HAProxy. */
interface AppsSeen {
  /** Their images, by their names; different ones are told. */
  readonly images?: ReadonlyMap<string, string> | undefined;
  /** On which machines of a Swarm servers are, by the servers' names. */
  readonly machines?: ReadonlyMap<string, string> | undefined;
}

/**
 * Compares what runs with what is declared, in the order of the servers' ids. Differences are what the next
 * update would mend, and servers that are down.
 * @param check how the running config checks servers
 */
export function compareServers(
  declared: readonly Server[],
  running: readonly RunningServer[],
  stats: readonly ServerStats[],
  check?: string,
  { images = new Map(), machines = new Map() }: AppsSeen = {},
): ServerStatus[] {
  const told = new Map(stats.map((server) => [server.name, server]));
  const wanted = new Map(declared.map((server) => [server.name, server]));
  const isMixed = new Set(declared.flatMap(({ containerName }) => images.get(containerName) ?? [])).size > 1;
  const versionOf = ({ containerName }: Server): string =>
    isMixed ? `image ${images.get(containerName) ?? "none"}` : "";
  const actions = Map.groupBy(actionsOf(planServers(declared, running, check && valueIn(check))), (action) =>
    action.kind === "add" ? action.server.name : action.name,
  );
  const present = running
    .filter((server) => wanted.has(server.name) || !isIdleSlot(server))
    .toSorted((a, b) => a.id - b.id)
    .map((server) => {
      const own = wanted.get(server.name);
      const drift = own
        ? driftOf(server, own, actions.get(server.name) ?? [], versionOf(own))
        : "not declared";
      return statusOf(server, own !== undefined, drift, server, told.get(server.name));
    });
  const names = new Set(running.map(({ name }) => name));
  const missing = declared.filter(({ name }) => !names.has(name));
  return [...present, ...missing.map((server) => statusOf(server, true, "not in HAProxy"))].map((status) => {
    const machine = machines.get(status.name);
    return machine === undefined ? status : { ...status, machine };
  });
}

const statusOf = (
  { name, address, port }: Server | RunningServer,
  isDeclared: boolean,
  drift: string,
  running?: RunningServer,
  told?: ServerStats,
) => ({
  name,
  address: `${address}:${port}`,
  /** Undefined for a declared server that HAProxy does not have. */
  adminState: running?.adminState,
  /** `UP`, `DOWN 1/2`, `MAINT`, …, in HAProxy's words. */
  status: told?.status ?? "",
  check: [told?.checkStatus, told?.checkDescription].filter(Boolean).join(" "),
  checkDurationMs: told?.checkDurationMs,
  weight: running?.weight,
  cookie: told?.cookie ?? "",
  currentSessions: told?.currentSessions ?? 0,
  totalSessions: told?.totalSessions ?? 0,
  isDeclared,
  /** Differences from the declaration. */
  drift,
});

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
    case "set-port":
      return [`declared port ${action.port}`];
    case "set-weight":
      return [`declared weight ${action.weight}`];
    case "enable-check":
      return ["not checked"];
    case "check-as-others":
      return [`checked with ${server.check}`];
    case "set-ready":
      return [server.adminState];
    default:
      return action satisfies never;
  }
}

/** Whether everything runs as declared. */
export const isAsDeclared = (balancers: readonly BalancerStatus[]): boolean =>
  balancers.every(
    ({ process, isConfigDeclared, servers }) =>
      process !== undefined && isConfigDeclared && servers.every(({ drift }) => drift === ""),
  );
