import type { EndpointAddress } from "./endpoint.ts";
import type { Mode, Settings } from "./settings.ts";
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
} from "./subnet.ts";

/** Name of HAProxy's backend that holds the app servers. */
export const BACKEND = "webservers";

/** Name of the server that stands in during a roll-out. */
export const STAND_IN = "standin";
/** No declared server has it. */
const STAND_IN_ID = MAX_APPS + 1;

/** Everything but HTTP is published on this host address, whatever `bind` says. */
export const LOOPBACK = "127.0.0.1";

/** A server line of the backend, and the app container behind it. */
export interface Server {
  /** `s1`, `s2`, … */
  readonly name: string;
  /** HAProxy's server id, which fixes the server's place on the hash ring. No other server ever gets it. */
  readonly id: number;
  readonly address: string;
  readonly port: number;
  /** Value of the cookie that keeps a client here. Undefined in hash mode. */
  readonly cookie?: string | undefined;
  readonly containerName: string;
}

/** A HAProxy container. */
export interface Balancer {
  readonly containerName: string;
  /** Name among HAProxy's peers. */
  readonly peerName: string;
  readonly address: string;
  readonly volumeName: string;
  /** Host ports. Those of TLS are there if it is on. */
  readonly ports: {
    readonly http: number;
    readonly https?: number;
    readonly runtime: number;
    readonly runtimeTls?: number;
    readonly stats: number;
  };
}

/** A container that watches the balancers. */
export interface MonitoringService {
  readonly containerName: string;
  readonly image: string;
  readonly address: string;
  /** Host port. */
  readonly port: number;
}

/** The containers that watch the balancers. */
export interface Monitoring {
  readonly prometheus: MonitoringService & { readonly volumeName: string };
  readonly grafana: MonitoringService;
}

/** HAProxy's backend and the app servers in it. */
export interface Backend {
  readonly name: string;
  readonly servers: readonly Server[];
}

/** Every name, id and address of a stack. */
export interface Topology {
  readonly stack: string;
  readonly mode: Mode;
  readonly readyPath: string;
  /** Source address of the host's own requests if `bind` is a real address, besides the gateway. */
  readonly hostAddress: string | undefined;
  readonly network: {
    readonly name: string;
    readonly subnet: string;
    readonly gateway: string;
    /** Addresses of containers that are not the stack's. */
    readonly guests: string;
  };
  readonly balancers: readonly Balancer[];
  readonly backend: Backend;
  /** Those of {@link backend}. */
  readonly servers: readonly Server[];
  /** Runs the new version and serves as backup while a roll-out goes on. */
  readonly standIn: Server;
  /** Undefined for a stack without monitoring. */
  readonly monitoring?: Monitoring | undefined;
  /** Undefined if HTTP alone is served. */
  readonly tls: { readonly redirect: boolean } | undefined;
  /** Host of the runtime API by mutual TLS. Undefined if that is off. */
  readonly runtimeTls: { readonly host: string } | undefined;
}

/**
 * Derives a stack's names, ids and addresses. The gateway has the subnet's first address, the balancers
 * follow, the ninth and tenth address are for Prometheus and Grafana, and the app containers start at the
 * eleventh. The function is pure, so haproxy.cfg is known before any container exists.
 * @param engineHost Host name or address of the Docker engine's host.
 */
export function planTopology(settings: Settings, engineHost: string = LOOPBACK): Topology {
  const { stack, subnet, ports, tls, runtimeTls, monitoring } = settings;
  const servers = numbers(settings.count).map((n) =>
    numberedServer(settings, n, { address: addressOf(subnet, FIRST_APP + n - 1), port: settings.app.port }),
  );
  return {
    stack,
    mode: settings.mode,
    readyPath: settings.app.readyPath,
    hostAddress: /^(127\.|0\.0\.0\.0$)/.test(settings.bind) ? undefined : settings.bind,
    network: {
      name: `${stack}-balancer`,
      subnet: subnet.cidr,
      gateway: addressOf(subnet, GATEWAY),
      guests: guestRange(subnet).cidr,
    },
    balancers: numbers(settings.balancers).map((n) => ({
      containerName: `${stack}-haproxy${n}`,
      peerName: `haproxy${n}`,
      address: addressOf(subnet, FIRST_BALANCER + n - 1),
      volumeName: `${stack}-haproxy${n}-config`,
      ports: {
        http: ports.http + n - 1,
        ...(tls === undefined ? {} : { https: ports.https + n - 1 }),
        runtime: ports.runtime + n - 1,
        ...(runtimeTls === undefined ? {} : { runtimeTls: ports.runtimeTls + n - 1 }),
        stats: ports.stats + n - 1,
      },
    })),
    backend: { name: BACKEND, servers },
    servers,
    standIn: {
      name: STAND_IN,
      id: STAND_IN_ID,
      address: addressOf(subnet, standInNumber(subnet)),
      port: settings.app.port,
      containerName: `${stack}-${STAND_IN}`,
    },
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
    tls: tls === undefined ? undefined : { redirect: tls.redirect },
    runtimeTls:
      runtimeTls === undefined
        ? undefined
        : { host: runtimeTls.host || (runtimeTls.bind === "0.0.0.0" ? engineHost : runtimeTls.bind) },
  };
}

/** Tells where a balancer's runtime API answers: by TLS if that is on, else on the engine host's loopback. */
export const runtimeEndpoint = ({ runtimeTls }: Topology, { ports }: Balancer): EndpointAddress =>
  runtimeTls === undefined || ports.runtimeTls === undefined
    ? { kind: "tcp", host: LOOPBACK, port: ports.runtime }
    : { kind: "tls", host: runtimeTls.host, port: ports.runtimeTls };

/** Makes the n-th server of a stack. All of it but the address follows from the number. */
const numberedServer = (
  { stack, mode }: Pick<Topology, "stack" | "mode">,
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
  stack: Pick<Topology, "stack" | "mode">,
  outputs: readonly { readonly name: string; readonly address: string }[],
): Server[] =>
  outputs.map(({ name, address }) => {
    const [host = "", port] = address.split(":");
    return numberedServer(stack, Number(name.slice(1)), { address: host, port: Number(port) });
  });

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
