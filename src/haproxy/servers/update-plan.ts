import type { HealthCheck } from "../../stack/health-check.ts";
import type { Server } from "../../stack/topology.ts";
import { SERVER_WEIGHT } from "../file/server-line.ts";
import { checkText, checkValue, takesStatus } from "../runtime/check-values.ts";
import type { RunningState } from "../runtime/running-state.ts";
import type { AdminState, RunningServer } from "../runtime/state.ts";

/** A change of a server that stays. */
export type Change =
  | { readonly kind: "set-address"; readonly name: string; readonly address: string; readonly port: number }
  /** Of a slot, wherever it is then. */
  | { readonly kind: "set-port"; readonly name: string; readonly port: number }
  | { readonly kind: "set-weight"; readonly name: string; readonly weight: number }
  | { readonly kind: "enable-check"; readonly name: string }
  /** It is checked in a way of its own, which nobody declares. */
  | { readonly kind: "check-as-others"; readonly name: string }
  | { readonly kind: "set-ready"; readonly name: string; readonly from: AdminState };

/** Take a server out: no new session, the running ones get their time, then it is deleted. */
type Removal = { readonly kind: "remove"; readonly name: string };
type Addition = { readonly kind: "add"; readonly server: Server };

/** One step from what runs to what is declared. */
export type Action = Removal | Addition | Change;

/** What differs between what runs and what is declared, in the order in which it is mended. */
export interface Difference {
  /** Servers that stand in the way: they hold a declared server's name or id and are not that server. */
  readonly evict: readonly Removal[];
  readonly add: readonly Addition[];
  readonly change: readonly Change[];
  /** Servers that nobody declares. Removed last, when the declared ones are proved up. */
  readonly remove: readonly Removal[];
}

/** A part of an update. Each is carried out when the one before is done. */
export type Phase =
  /** Servers that stand in the way leave: out of rotation, drained, deleted. */
  | { readonly kind: "evict"; readonly names: readonly string[] }
  | { readonly kind: "add"; readonly servers: readonly Server[] }
  /** Wait until these slots, which are out of rotation, have the addresses of what shall serve there. */
  | { readonly kind: "follow"; readonly servers: readonly Server[] }
  | { readonly kind: "change"; readonly changes: readonly Change[] }
  /** Wait until a check finds the servers up. */
  | { readonly kind: "prove"; readonly servers: readonly Server[] }
  /** The same where the running config takes other statuses for ready than the check that is declared. */
  | { readonly kind: "judge"; readonly servers: readonly Server[]; readonly check: HealthCheck }
  /** As evict, and the sessions of workers of before a reload get their time as well. */
  | { readonly kind: "retire"; readonly names: readonly string[] }
  | Trial
  /** The servers, which are not up yet, are checked so. */
  | { readonly kind: "check"; readonly names: readonly string[]; readonly check: HealthCheck }
  /** Load the config file, which lists the declared servers. What runs then is looked at and planned anew. */
  | { readonly kind: "reload" };

/** Try the next config's check on servers that are up by the running one's. Unless all pass, it fails. */
export interface Trial {
  readonly kind: "try";
  readonly servers: readonly Server[];
  readonly check: HealthCheck;
}

/** What an update does to one HAProxy's servers. The preview tells it, and the update carries it out. */
export interface Plan {
  readonly difference: Difference;
  readonly phases: readonly Phase[];
}

/** What one HAProxy shall run. */
export interface DeclaredServers {
  readonly servers: readonly Server[];
  /** Of the config file. A worker with another one is reloaded. */
  readonly revision: string;
  /** How the config file checks servers. */
  readonly check: HealthCheck;
}

/** Plans an update: a pure function of what is declared and what was found. */
export function planUpdate(declared: DeclaredServers, found: RunningState): Plan {
  const { servers, revision, check } = declared;
  if (found.revision !== revision) return planReload(declared, found);
  const difference = planServers(servers, found.servers, checkValue(check));
  const prove: Phase = { kind: "prove", servers };
  return {
    difference,
    phases: [...additionsOf(difference, servers), prove, retire(namesOf(difference.remove))],
  };
}

/**
 * Plans how some of the servers come into rotation; the others stay as they are, but for one that stands in
 * the way. A server that runs keeps its cookie, which a reload changes where another is declared: a server of
 * another cookie would have to go first.
 * @param check how the servers are checked; as the running config says without one
 */
export function planBringUp(
  declared: readonly Server[],
  { servers: running, check: runs }: Pick<RunningState, "servers" | "check">,
  check?: HealthCheck,
): Plan {
  const servers = withRunningCookies(declared, running);
  const taken = new Set(servers.flatMap(({ name, id }) => [name, id]));
  const difference = planServers(
    servers,
    running.filter(({ name, id }) => taken.has(name) || taken.has(id)),
  );
  if (check === undefined || takesStatus(runs, check))
    return { difference, phases: [...additionsOf(difference, servers), { kind: "prove", servers }] };
  const trusted = new Set(
    running.filter(({ isUp, isChecked }) => isUp && !isChecked).map(({ name }) => name),
  );
  const isWanted = ({ kind, name }: Change): boolean => kind !== "enable-check" || !trusted.has(name);
  const judged = { ...difference, change: difference.change.filter(isWanted) };
  return { difference: judged, phases: [...additionsOf(judged, servers), { kind: "judge", servers, check }] };
}

/**
 * The new worker trusts the file's servers until a check fails, unless the old worker knows better, so those
 * that it does not know, or has in maintenance, are proved up first; those that the file does not list get
 * their time to end their sessions. Where no server is up there is nothing to lose, and the old worker's
 * checks may be what keeps them down.
 */
function planReload({ servers: declared, check: next }: DeclaredServers, found: RunningState): Plan {
  const { servers: running } = found;
  const difference = planServers(withRunningCookies(declared, running), running);
  const reload: readonly Phase[] = [{ kind: "reload" }, { kind: "prove", servers: declared }];
  if (!running.some(({ isUp }) => isUp)) return { difference, phases: reload };
  const known = new Set(running.flatMap(({ name, id }) => [name, id]));
  const paused = new Set(running.filter(({ adminState }) => adminState === "maint").map(({ name }) => name));
  // Only the next worker can have another slot.
  const first = declared.filter(
    ({ name, id, isSlot }) => paused.has(name) || (isSlot !== true && !known.has(name) && !known.has(id)),
  );
  const names = new Set(declared.map(({ name }) => name));
  const undeclared = namesOf(running.filter((server) => !names.has(server.name) && !isIdleSlot(server)));
  const proof = first.length === 0 ? [] : planBringUp(first, found, next).phases;
  const isSameCheck = found.check === undefined || found.check === checkText(next);
  const check = isSameCheck ? [] : planCheck(declared, found, first, next);
  return { difference, phases: [...check, ...proof, retire(undeclared), ...reload] };
}

/**
 * A check that the running containers do not pass would take all of them down. So it is tried on those that
 * are up and not checked so already, and those that come up before the reload come up by it.
 */
function planCheck(
  declared: readonly Server[],
  found: RunningState,
  first: readonly Server[],
  check: HealthCheck,
): readonly Phase[] {
  const isTaken = takesStatus(found.check, check);
  const isTried = (own: string | undefined): boolean => isTaken && own === checkValue(check);
  const untried = found.servers.filter((server) => server.isUp && !isTried(server.check));
  const names = new Set(namesOf(untried));
  const servers = declared.filter(({ name }) => names.has(name));
  return [
    ...(servers.length === 0 ? [] : [{ kind: "try", servers, check } as const]),
    ...(first.length === 0 ? [] : [{ kind: "check", names: namesOf(first), check } as const]),
  ];
}

/** What happens before the servers are proved up. */
const additionsOf = ({ evict, add, change }: Difference, declared: readonly Server[]): readonly Phase[] => {
  const entering = new Set(change.flatMap(({ kind, name }) => (kind === "set-ready" ? [name] : [])));
  const slots = declared.filter(({ name, isSlot }) => isSlot === true && entering.has(name));
  return [
    { kind: "evict", names: namesOf(evict) },
    { kind: "add", servers: add.map(({ server }) => server) },
    ...(slots.length === 0 ? [] : [{ kind: "follow", servers: slots } as const]),
    { kind: "change", changes: change },
  ];
};

const retire = (names: readonly string[]): Phase => ({ kind: "retire", names });

function withRunningCookies(declared: readonly Server[], running: readonly RunningServer[]): Server[] {
  const known = new Map(running.map((server) => [server.name, server]));
  return declared.map((server) => {
    const found = known.get(server.name);
    return found?.id === server.id ? { ...server, cookie: found.cookie } : server;
  });
}

/**
 * Compares what is declared with what runs. Same input, same difference, in the order of the servers' ids;
 * none for a state that is as declared, whatever led to it.
 * @param check how servers shall be checked, as the map says it; without it, their own checks are left alone
 */
export function planServers(
  desired: readonly Server[],
  running: readonly RunningServer[],
  check?: string,
): Difference {
  const wanted = new Map(desired.map((server) => [server.name, server]));
  const wantedIds = new Set(desired.map(({ id }) => id));
  const evict: Removal[] = [];
  const remove: Removal[] = [];
  const kept = new Map<string, RunningServer>();
  for (const server of running.toSorted((a, b) => a.id - b.id)) {
    const declared = wanted.get(server.name);
    if (declared === undefined && isIdleSlot(server)) continue;
    if (declared !== undefined && isSame(declared, server)) kept.set(server.name, server);
    else
      (declared !== undefined || wantedIds.has(server.id) ? evict : remove).push({
        kind: "remove",
        name: server.name,
      });
  }
  const add: Addition[] = [];
  const change: Change[] = [];
  for (const server of desired) {
    const current = kept.get(server.name);
    if (current === undefined) add.push({ kind: "add", server });
    else change.push(...planChanges(server, current, check));
  }
  return { evict, add, change, remove };
}

/** A slot that nobody declares stays, out of rotation. */
export const isIdleSlot = ({ isSlot, adminState }: RunningServer): boolean =>
  isSlot === true && adminState === "maint";

/** All actions that mend a difference, in order. */
export const actionsOf = ({ evict, add, change, remove }: Difference): readonly Action[] => [
  ...evict,
  ...add,
  ...change,
  ...remove,
];

/** Id and cookie are fixed when a server is added; one that differs is another server under this name. */
const isSame = (declared: Server, running: RunningServer): boolean =>
  running.isMendable &&
  declared.id === running.id &&
  declared.cookie === running.cookie &&
  (declared.isSlot === true) === (running.isSlot === true);

function planChanges(
  { name, address, port, isSlot }: Server,
  running: RunningServer,
  check: string | undefined,
): Change[] {
  const { check: own = check } = running;
  const actions: Change[] = [];
  // The address of a slot is Docker's to say.
  if (isSlot === true && running.port !== port) actions.push({ kind: "set-port", name, port });
  if (isSlot !== true && (running.address !== address || running.port !== port))
    actions.push({ kind: "set-address", name, address, port });
  if (running.weight !== SERVER_WEIGHT) actions.push({ kind: "set-weight", name, weight: SERVER_WEIGHT });
  if (!running.isChecked) actions.push({ kind: "enable-check", name });
  if (check !== undefined && own !== check) actions.push({ kind: "check-as-others", name });
  if (running.adminState !== "ready") actions.push({ kind: "set-ready", name, from: running.adminState });
  return actions;
}

/** A difference in few words, for previews and progress: `+ s4 s5, - s1`. */
export function describeDifference({ evict, add, change, remove }: Difference): string {
  const parts = [
    ["+", add.map(({ server }) => server.name)],
    ["~", [...new Set(namesOf(change))]],
    ["-", namesOf([...evict, ...remove])],
  ] as const;
  return parts
    .filter(([, list]) => list.length > 0)
    .map(([sign, list]) => `${sign} ${list.join(" ")}`)
    .join(", ");
}

const namesOf = (actions: readonly { readonly name: string }[]): string[] => actions.map(({ name }) => name);
