import { z } from "zod";
import type { EndpointAddress } from "./endpoint.ts";
import type { HealthCheck } from "./health-check.ts";
import type { StackOutputs } from "./outputs.ts";
import type { Frozen } from "./schema.ts";
import type { Settings } from "./settings.ts";
import {
  addressOf,
  FIRST_APP,
  FIRST_BALANCER,
  GATEWAY,
  GRAFANA,
  guestRange,
  MAX_APPS,
  PROMETHEUS,
  standInNumber,
  swarmRange,
} from "./subnet.ts";
import { speaksProxyProtocol } from "./traffic.ts";

/** Name of HAProxy's backend that holds the app servers. */
export const BACKEND = "webservers";

/** Name of the server that stands in during a roll-out. */
export const STAND_IN = "standin";
/** No declared server has it. */
const STAND_IN_ID = MAX_APPS + 1;

/** Everything but HTTP is published on this host address, whatever `bind` says. */
export const LOOPBACK = "127.0.0.1";

/** Says what a server is, so that processes can hand servers to each other. */
export const SERVER = z.object({
  /** `s1`, `s2`, … */
  name: z.string(),
  /** HAProxy's server id, which fixes the server's place on the hash ring. No other server ever gets it. */
  id: z.number(),
  /** Of a slot the name that Docker resolves. */
  address: z.string(),
  /**
   * Whether haproxy.cfg has a line for it whether it is declared or not, whose address follows Docker's DNS;
   * what fills it is a Swarm service.
   */
  isSlot: z.boolean().optional(),
  port: z.number(),
  /** Value of the cookie that keeps a client here. Undefined in hash mode. */
  cookie: z.string().optional(),
  containerName: z.string(),
  /** Whether it gets traffic only while no other server is up. */
  isBackup: z.boolean().optional(),
  /** How often it is checked, and how many checks in a row take it out and bring it back. */
  check: z.object({ intervalMs: z.number(), rise: z.number(), fall: z.number() }).optional(),
  /** Most requests that a HAProxy sends it at a time. Undefined for any number. */
  maxConnections: z.number().optional(),
});

/** A server line of the backend, and the app container behind it. */
export type Server = Frozen<z.infer<typeof SERVER>>;

/** Every name, id and address of a stack. */
export type Topology = Frozen<ReturnType<typeof planTopology>>;

/** A HAProxy container. */
export type Balancer = Topology["balancers"][number];

/** The containers that watch the balancers. */
export type Monitoring = NonNullable<Topology["monitoring"]>;

/**
 * Derives a stack's names, ids and addresses. The gateway has the subnet's first address, the balancers
 * follow, the ninth and tenth address are for Prometheus and Grafana, and the app containers start at the
 * eleventh. The function is pure, so haproxy.cfg is known before any container exists.
 * @param engineHost Host name or address of the Docker engine's host.
 */
export function planTopology(settings: Settings, engineHost: string = LOOPBACK) {
  const { stack, subnet, swarm, tls, runtimeTls, monitoring } = settings;
  const gateway = addressOf(subnet, GATEWAY);
  const hostAddress = /^(127\.|0\.0\.0\.0$)/.test(settings.bind) ? undefined : settings.bind;
  const serverOf = (n: number): Server => {
    const place = { address: addressOf(subnet, FIRST_APP + n - 1), port: settings.app.port };
    const server = { ...numberedServer(settings, n, place), ...ofAllServers(settings) };
    return swarm === undefined ? server : asSlot(server);
  };
  const servers = numbers(settings.count).map(serverOf);
  const standIn = {
    name: STAND_IN,
    id: STAND_IN_ID,
    address: addressOf(subnet, standInNumber(subnet)),
    port: settings.app.port,
    containerName: `${stack}-${STAND_IN}`,
    isBackup: true,
    ...ofAllServers(settings),
  };
  return {
    stack,
    mode: settings.mode,
    /** How HAProxy checks the servers. */
    check: checkOf(settings),
    /** How long an app may take to answer a check. */
    checkTimeoutMs: settings.app.check.timeoutMs,
    session: settings.session,
    /** Chooses the server of a request without a session. */
    balance: settings.balance,
    traffic: settings.traffic,
    /** Source address of the host's own requests if `bind` is a real address, besides the gateway. */
    hostAddress,
    /** Whether the host's own requests have to begin with the PROXY protocol. */
    hostSpeaksProxyProtocol: speaksProxyProtocol(settings.traffic, hostAddress ?? gateway),
    network: {
      name: `${stack}-balancer`,
      subnet: subnet.cidr,
      gateway,
      /** Addresses that Docker gives by itself. */
      guests: (swarm === undefined ? guestRange(subnet) : swarmRange(subnet)).cidr,
    },
    /** Undefined on one Docker engine. */
    swarm: swarm && {
      managers: swarm.managers,
      isEncrypted: swarm.encrypted,
      mtu: swarm.mtu,
      /** Servers that haproxy.cfg has, those that are not declared included. */
      slots: numbers(Math.max(swarm.slots, settings.count)).map(serverOf),
    },
    balancers: numbers(settings.balancers).map((n) => numberedBalancer(settings, n)),
    /** HAProxy's backend and the app servers in it. */
    backend: { name: BACKEND, servers },
    servers,
    /** Runs the new version and serves as backup while a roll-out goes on. */
    standIn: swarm === undefined ? standIn : asSlot(standIn),
    /** Undefined for a stack without monitoring. */
    monitoring: monitoring && {
      prometheus: {
        containerName: `${stack}-prometheus`,
        image: monitoring.prometheusImage,
        address: addressOf(subnet, PROMETHEUS),
        port: monitoring.ports.prometheus,
        volumeName: `${stack}-prometheus-data`,
      },
      grafana: {
        containerName: `${stack}-grafana`,
        image: monitoring.grafanaImage,
        address: addressOf(subnet, GRAFANA),
        port: monitoring.ports.grafana,
      },
    },
    /** Undefined if HTTP alone is served. */
    tls: tls && { redirect: tls.redirect },
    /** Host of the runtime API by mutual TLS. Undefined if that is off. */
    runtimeTls: runtimeTls && {
      host: runtimeTls.host || (runtimeTls.bind === "0.0.0.0" ? engineHost : runtimeTls.bind),
    },
  };
}

function checkOf({ app: { check } }: Settings): HealthCheck {
  return { path: check.path, host: check.host, status: check.status };
}

/** What all servers of a stack have in common. */
function ofAllServers({ app }: Settings) {
  const { intervalMs, rise, fall } = app.check;
  const { maxConnections } = app;
  return { check: { intervalMs, rise, fall }, maxConnections: maxConnections || undefined };
}

/** The same server as a slot, which is filled by the service that has its container's name. */
const asSlot = <S extends Server>(server: S): S => ({
  ...server,
  address: server.containerName,
  isSlot: true,
});

function numberedBalancer({ stack, subnet, swarm, ports: first, tls, runtimeTls }: Settings, n: number) {
  // Each machine has ports of its own.
  const beyond = swarm === undefined ? n - 1 : 0;
  return {
    containerName: `${stack}-haproxy${n}`,
    /** The machine of the Swarm that it is on. Undefined on one Docker engine. */
    machine: swarm?.machines[n - 1],
    /** Name among HAProxy's peers. */
    peerName: `haproxy${n}`,
    address: addressOf(subnet, FIRST_BALANCER + n - 1),
    volumeName: `${stack}-haproxy${n}-config`,
    /** Host ports. Those of TLS are there if it is on. */
    ports: {
      http: first.http + beyond,
      https: tls && first.https + beyond,
      runtime: first.runtime + beyond,
      runtimeTls: runtimeTls && first.runtimeTls + beyond,
      stats: first.stats + beyond,
    },
  };
}

/** Tells where a balancer's runtime API answers: by TLS if that is on, else on the engine host's loopback. */
export const runtimeEndpoint = ({ runtimeTls }: Topology, { ports, machine }: Balancer): EndpointAddress =>
  runtimeTls === undefined || ports.runtimeTls === undefined
    ? { kind: "tcp", host: LOOPBACK, port: ports.runtime }
    : { kind: "tls", host: machine?.address ?? runtimeTls.host, port: ports.runtimeTls };

/** Makes the n-th server of a stack. All of it but the address follows from the number. */
export const numberedServer = (
  { stack, mode }: Pick<Settings, "stack" | "mode">,
  n: number,
  { address, port }: Pick<Server, "address" | "port">,
): Server => ({
  name: `s${n}`,
  id: n,
  address,
  port,
  cookie: mode === "sticky" ? `s${n}` : undefined,
  containerName: `${stack}-podinfo${n}`,
});

/**
 * Makes the servers of a stack that is up from its outputs.
 * @param outputs The names as above, and the addresses with their port.
 */
export const declaredServers = (
  stack: Pick<Settings, "stack" | "mode">,
  { servers, swarm }: Pick<StackOutputs, "servers" | "swarm">,
): Server[] =>
  servers.map(({ name, address }) => {
    const [host = "", port] = address.split(":");
    const server = numberedServer(stack, Number(name.slice(1)), { address: host, port: Number(port) });
    return swarm === undefined ? server : { ...server, isSlot: true };
  });

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
