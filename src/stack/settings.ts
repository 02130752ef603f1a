import { CHECK_HOST, type HealthCheck, READY } from "./health-check.ts";
import { imageDefaults } from "./image-defaults.ts";
import type { Config, Frozen } from "./schema.ts";
import { trafficOf } from "./traffic.ts";

/** A stack's config, checked, before its image is looked at: the app's port may be the image's. */
export type ConfiguredSettings = Frozen<ReturnType<typeof settingsFrom>>;

type ConfiguredApp = ConfiguredSettings["app"];

/** A stack's config, checked, with what follows from it. Every part of Balancer trusts these values. */
export type Settings = Omit<ConfiguredSettings, "app"> & {
  readonly app: Omit<ConfiguredApp, "port"> & { readonly port: number };
};

/** How HAProxy chooses a server: by cookie and stick table, or by a consistent hash of the session's id. */
export type Mode = Settings["mode"];

/** What the app containers may do. */
export type Confinement = Settings["app"]["confinement"];

/** The Swarm that a stack is on, and its machines in the order of their names. */
export type Swarm = NonNullable<Settings["swarm"]>;

/** A machine of a Swarm with a balancer. */
export type Machine = Swarm["machines"][number];

/** HTTPS at the front door. */
export interface Tls {
  /** Where the certificate comes from: a PEM file, by its path as it was given, or Balancer itself. */
  readonly certificate: { readonly kind: "file"; readonly path: string } | { readonly kind: "self-signed" };
  /** Whether the HTTP port answers with redirects to HTTPS, and nothing else. */
  readonly redirect: boolean;
}

/** Makes a stack's settings of its config. Keys that mean something together become one value. */
export function settingsFrom(stack: string, config: Config) {
  const { app, haproxy, session, drainTimeout, readyTimeout, monitoring, ...others } = config;
  const { prometheusImage, grafanaImage, timeouts, retries, limits, ...rest } = withoutSwarm(others);
  const swarm = swarmOf(config);
  const { prometheus, grafana, ...ports } = config.ports;
  const { image, pull, platform, env, memory, pids } = app;
  const openFiles = typeof app.files === "number" ? app.files : app.openFiles;
  const initial = imageDefaults(image);
  const { enabled, ...runtimeTls } = config.runtimeTls;
  return {
    ...rest,
    stack,
    /** Undefined on one Docker engine. */
    swarm,
    /** How many HAProxy containers. */
    balancers: swarm === undefined ? config.balancers : swarm.machines.length,
    app: {
      image,
      pull,
      platform,
      /** Undefined where it is the one that the image exposes. */
      port: app.port ?? initial.port,
      check: checkOf(app, initial.check),
      maxConnections: app.maxConnections,
      command: app.command ?? initial.command,
      env,
      confinement: { ...rightsOf(app), limits: { memoryMb: memory, pids, files: openFiles } },
      ...ownOf(app),
      refusesRoot: app.security === "restricted" && app.user === "",
    },
    session: sessionOf(stack, session),
    traffic: trafficOf(config),
    haproxyLimits: { memoryMb: haproxy.memory, pids: haproxy.pids, files: haproxy.files },
    ports,
    tls: tlsOf(config.tls),
    // Over machines nothing else reaches the runtime API.
    runtimeTls: enabled || swarm !== undefined ? runtimeTls : undefined,
    monitoring: monitoring ? { prometheusImage, grafanaImage, ports: { prometheus, grafana } } : undefined,
    drainTimeoutMs: drainTimeout,
    readyTimeoutMs: readyTimeout,
  };
}

const withoutSwarm = <T extends Pick<Config, "engine" | "swarm" | "machines" | "slots">>({
  engine: _engine,
  swarm: _swarm,
  machines: _machines,
  slots: _slots,
  ...rest
}: T) => rest;

function swarmOf({ engine, swarm, machines, slots }: Config) {
  if (engine !== "swarm") return undefined;
  const inOrder = Object.entries(machines).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...swarm,
    slots,
    machines: inOrder.map(([name, { down, ...machine }]) => ({ name, ...machine, isDown: down })),
  };
}

/** Completes settings by the port of the app. */
export const withPort = ({ app, ...rest }: ConfiguredSettings, port: number): Settings => ({
  ...rest,
  app: { ...app, port, command: app.command.map((word) => word.replaceAll("{port}", String(port))) },
});

/** What the app containers may do, limits apart. */
const rightsOf = ({ security, user, ...given }: Config["app"]) => {
  const isRestricted = security === "restricted";
  return {
    user,
    readOnly: given.readOnly ?? isRestricted,
    tmpfs: given.tmpfs ?? (isRestricted ? ["/tmp"] : []),
    /** Undefined for those that Docker gives. */
    capabilities: given.capabilities ?? (isRestricted ? [] : undefined),
    allowPrivilegeEscalation: given.allowPrivilegeEscalation ?? !isRestricted,
  };
};

/** What the app containers have of their own, as Docker takes it. */
const ownOf = ({ files, volumes, networks, labels, hostname, stopSignal, ...others }: Config["app"]) => ({
  files: typeof files === "number" ? {} : files,
  ...{ volumes, networks, labels, hostname, stopSignal },
  stopTimeoutMs: others.stopTimeout,
  restartDelayMs: others.restartDelay,
});

/** How the app is checked. A path of the user's is for checks, and says more than that the app answers. */
function checkOf({ readyPath, check }: Config["app"], initial: Pick<HealthCheck, "path" | "status">) {
  const { interval, timeout, host, status, rise, fall } = check;
  return {
    path: readyPath ?? initial.path,
    host: host || CHECK_HOST,
    status: status || (readyPath === undefined ? initial.status : READY),
    ...{ intervalMs: interval, timeoutMs: timeout, rise, fall },
  };
}

/** The cookie is the stack's own: browsers send a host's cookies to all of its ports. */
function sessionOf(stack: string, { key, cookie, expire, size }: Config["session"]) {
  return { key, cookie: { ...cookie, name: cookie.name || `SRV_${stack}` }, expireMs: expire, size };
}

function tlsOf({ certificate, selfSigned, redirect }: Config["tls"]): Tls | undefined {
  if (certificate !== "") return { certificate: { kind: "file", path: certificate }, redirect };
  return selfSigned ? { certificate: { kind: "self-signed" }, redirect } : undefined;
}
