import type { Server } from "../../stack/topology.ts";

/** Every server has this weight: 16 points a unit on the hash ring keep shares within 3 % of even. */
export const SERVER_WEIGHT = 100;

/** How a server is checked whose stack is not known. */
const CHECK = { intervalMs: 500, rise: 1, fall: 2 } as const;

/**
 * How HAProxy checks a server. `downinter` is short so that a new server enters rotation after its first good
 * check; `fall 2` with `fastinter` takes a dead one out within two intervals.
 */
function checkOf({ check: { intervalMs, rise, fall } = CHECK }: Server): string {
  const [fast, down] = [0.4, 0.2].map((share) => Math.ceil(intervalMs * share));
  return `check inter ${intervalMs}ms fastinter ${fast}ms downinter ${down}ms fall ${fall} rise ${rise}`;
}

/**
 * A server's definition, from its address on. The file's `server` lines and the runtime API's `add server`
 * both take it, so they cannot differ; nothing is left to `default-server`, which the runtime API ignores.
 */
export function serverArguments(server: Server): string {
  const { id, cookie, isBackup, maxConnections } = server;
  const affinity = cookie === undefined ? "" : ` cookie ${cookie}`;
  const limit = maxConnections === undefined ? "" : ` maxconn ${maxConnections}`;
  const backup = isBackup === true ? " backup" : "";
  const rest = `weight ${SERVER_WEIGHT}${backup}${limit} ${checkOf(server)}${resolutionOf(server)}`;
  return `${placeOf(server)} id ${id}${affinity} ${rest}`;
}

/** haproxy.cfg has Docker's DNS under this name. */
export const RESOLVERS = "docker";

/** Only with its family in front HAProxy sets `tcp-ut` for an address that a name server gives. */
const placeOf = ({ address, port, isSlot }: Server): string =>
  `${isSlot === true ? "ipv4@" : ""}${address}:${port}`;

/**
 * How a slot follows its name. After a reload it goes on where the worker before had it, and after a start it
 * waits for an answer and for a good check. A machine that has died takes no packets, which `tcp-ut` finds
 * out for connections that a client still sends on, and keep-alive for all others.
 */
const resolutionOf = ({ isSlot }: Server): string =>
  isSlot === true
    ? ` resolvers ${RESOLVERS} resolve-prefer ipv4 init-addr last,none init-state down tcp-ut 6s`
    : "";

/** Servers of a trial have ids beyond those of all others, so that none of them stands in another's way. */
const FIRST_TRIAL = 2000;

/** So begin the names of the servers of a trial, and no others. */
export const TRIAL_PREFIX = "try-";

/** The name of the server that another check is tried on, in place of a server. */
export const trialName = ({ name }: Server): string => TRIAL_PREFIX + name;

/**
 * Its definition. HAProxy checks it as any other, and never sends a request to a backup of weight 0.
 * @param address where HAProxy has the server at present
 */
export function trialArguments(server: Server, address = server.address): string {
  const { id, port } = server;
  return `${address}:${port} id ${FIRST_TRIAL + id} backup weight 0 ${checkOf(server)}`;
}
