import type { Config, Frozen } from "./schema.ts";
import { trafficOf } from "./traffic.ts";

/** A stack's config, checked, with what follows from it. Every part of Balancer trusts these values. */
export type Settings = Frozen<ReturnType<typeof settingsFrom>>;

/** How HAProxy chooses a server: by cookie and stick table, or by a consistent hash of the session's id. */
export type Mode = Settings["mode"];

/** What the app containers may do. */
export type Confinement = Settings["app"]["confinement"];

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
  const { prometheusImage, grafanaImage, timeouts, retries, limits, ...rest } = others;
  const { prometheus, grafana, ...ports } = config.ports;
  const { image, pull, platform, port, readyPath, command, env, memory, pids, files, ...rights } = app;
  const { enabled, ...runtimeTls } = config.runtimeTls;
  return {
    ...rest,
    stack,
    app: {
      image,
      pull,
      platform,
      port,
      readyPath,
      command: command.map((word) => word.replaceAll("{port}", String(port))),
      env,
      confinement: { ...rights, limits: { memoryMb: memory, pids, files } },
    },
    session: sessionOf(stack, session),
    traffic: trafficOf(config),
    haproxyLimits: { memoryMb: haproxy.memory, pids: haproxy.pids, files: haproxy.files },
    ports,
    tls: tlsOf(config.tls),
    runtimeTls: enabled ? runtimeTls : undefined,
    monitoring: monitoring ? { prometheusImage, grafanaImage, ports: { prometheus, grafana } } : undefined,
    drainTimeoutMs: drainTimeout,
    readyTimeoutMs: readyTimeout,
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
