import type { Server } from "../../stack/topology.ts";
import { SERVER_WEIGHT } from "../file/server-line.ts";
import type { AdminState, RunningServer } from "../runtime/state.ts";

/** One step from what runs to what is declared. */
export type Action =
  /** Take a server out: no new session, the running ones get their time, then it is deleted. */
  | { readonly kind: "remove"; readonly name: string }
  | { readonly kind: "add"; readonly server: Server }
  | { readonly kind: "set-address"; readonly name: string; readonly address: string; readonly port: number }
  | { readonly kind: "set-weight"; readonly name: string; readonly weight: number }
  | { readonly kind: "enable-check"; readonly name: string }
  | { readonly kind: "set-ready"; readonly name: string; readonly from: AdminState };

/** The way from what runs to what is declared, in the order in which the phases are carried out. */
export interface Plan {
  /** Servers that stand in the way: they hold a declared server's name or id and are not that server. */
  readonly evict: readonly Action[];
  readonly add: readonly Action[];
  readonly change: readonly Action[];
  /** Servers that nobody declares. Removed last, when the declared ones are proved up. */
  readonly remove: readonly Action[];
}

/**
 * Compares what is declared with what runs. Same input, same plan, in the order of the servers' ids; an empty plan for
 * a state that is as declared, whatever led to it.
 */
export function planServers(desired: readonly Server[], running: readonly RunningServer[]): Plan {
  const wanted = new Map(desired.map((server) => [server.name, server]));
  const wantedIds = new Set(desired.map(({ id }) => id));
  const evict: Action[] = [];
  const remove: Action[] = [];
  const kept = new Map<string, RunningServer>();
  for (const server of running.toSorted((a, b) => a.id - b.id)) {
    const declared = wanted.get(server.name);
    if (declared !== undefined && isSame(declared, server)) kept.set(server.name, server);
    else
      (declared !== undefined || wantedIds.has(server.id) ? evict : remove).push({
        kind: "remove",
        name: server.name,
      });
  }
  const add: Action[] = [];
  const change: Action[] = [];
  for (const server of desired) {
    const current = kept.get(server.name);
    if (current === undefined) add.push({ kind: "add", server });
    else change.push(...planChanges(server, current));
  }
  return { evict, add, change, remove };
}

/** All actions of a plan, in order. */
export const actionsOf = (plan: Plan): readonly Action[] => [
  ...plan.evict,
  ...plan.add,
  ...plan.change,
  ...plan.remove,
];

/** Id and cookie are fixed when a server is added; one that differs is another server under this name. */
const isSame = (declared: Server, running: RunningServer): boolean =>
  running.isMendable && declared.id === running.id && declared.cookie === running.cookie;

function planChanges({ name, address, port }: Server, running: RunningServer): Action[] {
  const actions: Action[] = [];
  if (running.address !== address || running.port !== port)
    actions.push({ kind: "set-address", name, address, port });
  if (running.weight !== SERVER_WEIGHT) actions.push({ kind: "set-weight", name, weight: SERVER_WEIGHT });
  if (!running.isChecked) actions.push({ kind: "enable-check", name });
  if (running.adminState !== "ready") actions.push({ kind: "set-ready", name, from: running.adminState });
  return actions;
}

/** A plan in few words, for previews and progress: `+ s4 s5, - s1`. */
export function describePlan(plan: Plan): string {
  const names = (actions: readonly Action[]): string[] =>
    actions.map((action) => (action.kind === "add" ? action.server.name : action.name));
  const changed = [...new Set(names(plan.change))];
  const parts = [
    ["+", names(plan.add)],
    ["~", changed],
    ["-", [...names(plan.evict), ...names(plan.remove)]],
  ] as const;
  return parts
    .filter(([, list]) => list.length > 0)
    .map(([sign, list]) => `${sign} ${list.join(" ")}`)
    .join(", ");
}
