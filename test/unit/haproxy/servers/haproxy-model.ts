import { serverArguments } from "../../../../src/haproxy/file/server-line.ts";
import { parseServersState, type RunningServer } from "../../../../src/haproxy/runtime/state.ts";
import type { Action } from "../../../../src/haproxy/servers/update-plan.ts";
import type { Server } from "../../../../src/stack/topology.ts";
import { RECORDED } from "../runtime/recorded.ts";

/** A server as HAProxy keeps it, in the terms of `show servers state`. */
export interface ModelServer {
  readonly name: string;
  readonly id: number;
  /** `-` for a server that was added by a host name. */
  readonly address: string;
  /** Name that its address follows, of a slot: a line of haproxy.cfg that stays, whoever leaves. */
  readonly follows?: string;
  readonly port: number;
  readonly cookie: string | undefined;
  readonly weight: number;
  /** 0 ready, 1 maintenance, 8 drain; of a slot also 4 disabled in the file, 32 without an address. */
  readonly adminBits: number;
  /** 0 no check, 2 a check that is off, 6 a check that is on. */
  readonly checkBits: number;
  /** Its own check, by the map. */
  readonly check?: string | undefined;
}

const CHECK_CONFIGURED = 2;
const CHECK_ENABLED = 4;

const MAINT = 1;
const DRAIN = 8 | 16;

/** Where the container of a slot runs in the tests that do not care. */
export const placeOfSlot = (id: number): string => `10.1.0.${id}`;

/**
 * A server as Balancer's own `add server`, `enable health` and `set server … state ready` leave it, or a slot
 * whose container runs.
 */
export function asAdded(server: Server): ModelServer {
  const [, follows, address = placeOfSlot(server.id), port = "", id = "", cookie, weight = "", check] =
    /^(?:ipv4@([\w.-]+)|([\d.]+)):(\d+) id (\d+)(?: cookie (\S+))? weight (\d+)(?: backup)?( check .*)?$/.exec(
      serverArguments(server),
    ) ?? [];
  return {
    ...(follows !== undefined && { follows }),
    ...{
      name: server.name,
      id: Number(id),
      address,
      port: Number(port),
      cookie,
      weight: Number(weight),
      adminBits: 0,
    },
    checkBits: check === undefined ? 0 : CHECK_CONFIGURED | CHECK_ENABLED,
  };
}

/**
 * What HAProxy makes of one action. The rules were seen on HAProxy 3.2.26.
 * @throws {Error} with HAProxy's words where it refuses
 */
export function applyAction(servers: readonly ModelServer[], action: Action): readonly ModelServer[] {
  if (action.kind === "add") {
    if (servers.some(({ name }) => name === action.server.name))
      throw new Error("Already exists a server with the same name in backend.");
    if (servers.some(({ id }) => id === action.server.id))
      throw new Error(`'id' : custom id ${action.server.id} already used`);
    return [...servers, asAdded(action.server)];
  }
  const server = servers.find(({ name }) => name === action.name);
  if (server === undefined) throw new Error(`No such server: ${action.name}`);
  if (action.kind === "remove" && server.follows === undefined)
    return servers.filter((other) => other !== server);
  const changed = change(server, action);
  return servers.map((other) => (other === server ? changed : other));
}

function change(server: ModelServer, action: Exclude<Action, { readonly kind: "add" }>): ModelServer {
  switch (action.kind) {
    case "remove":
      return { ...server, adminBits: server.adminBits | MAINT }; // a slot cannot be deleted
    case "set-address":
      if (server.address === "-")
        throw new Error(
          "Update for the current server address family is only supported through configuration file.",
        );
      return { ...server, address: action.address, port: action.port };
    case "set-port":
      return { ...server, port: action.port };
    case "set-weight":
      return { ...server, weight: action.weight };
    case "enable-check":
      if ((server.checkBits & CHECK_CONFIGURED) === 0)
        throw new Error("Health check was not configured on this server, cannot enable.");
      return { ...server, checkBits: server.checkBits | CHECK_ENABLED };
    case "check-as-others":
      return { ...server, check: undefined };
    case "set-ready":
      return {
        ...server,
        adminBits: server.follows === undefined ? 0 : server.adminBits & ~(MAINT | DRAIN),
      };
    default:
      return action satisfies never;
  }
}

/** What Balancer reads of these servers: HAProxy's text, parsed, with the cookies of `show stat`. */
export function readBack(servers: readonly ModelServer[]): RunningServer[] {
  const [version, header] = RECORDED.serversState.split("\n");
  const lines = servers.map(({ name, id, address, port, weight, adminBits, checkBits, follows }) => {
    const fqdn = follows ?? (address === "-" ? "localhost" : "-");
    const isUp = (adminBits & MAINT) !== 0 || (follows !== undefined && address === "-") ? 0 : 2;
    const state = `${isUp} ${adminBits} ${weight} ${weight} 1 15 3 2 ${checkBits}`;
    return `5 webservers ${id} ${name} ${address} ${state} 0 0 1 ${fqdn} ${port} - 0 0 - - 0`;
  });
  const known = new Map(servers.map((server) => [server.name, server]));
  return parseServersState([version, header, ...lines].join("\n")).map((server) => ({
    ...server,
    cookie: known.get(server.name)?.cookie,
    check: known.get(server.name)?.check,
  }));
}
