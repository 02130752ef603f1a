import type { z } from "zod";
import type { BatchSize } from "./batch-size.ts";
import { findContradictions } from "./config-contradictions.ts";
import { FIELDS } from "./config-fields.ts";
import { flatten, type Mistake } from "./config-spelling.ts";
import type { Subnet } from "./subnet.ts";
import { excerpt } from "./terminal.ts";

/** How HAProxy chooses a server: by cookie and stick table, or by a consistent hash of `X-Session-ID`. */
export type Mode = "sticky" | "hash";

/** The stack's config, checked. Every part of Balancer trusts these values. */
export interface Settings {
  readonly stack: string;
  readonly mode: Mode;
  /** How many app containers run. */
  readonly count: number;
  readonly app: {
    readonly image: string;
    /** TCP port on which the app listens. */
    readonly port: number;
    /** Path that answers 2xx or 3xx when the app is ready. */
    readonly readyPath: string;
    /** Words of the command; empty for the image's own. */
    readonly command: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    readonly confinement: Confinement;
  };
  /** How many HAProxy containers run. */
  readonly balancers: number;
  readonly haproxyImage: string;
  readonly haproxyLimits: Limits;
  /** Where the containers' logs go: Docker's `local` driver, which bounds them, or the engine's own default. */
  readonly logDriver: "local" | "engine";
  readonly subnet: Subnet;
  /** Host address of the HTTP port. */
  readonly bind: string;
  /** Host ports of the first balancer. */
  readonly ports: {
    readonly http: number;
    readonly https: number;
    readonly runtime: number;
    readonly runtimeTls: number;
    readonly stats: number;
  };
  /** Undefined where HTTP alone is served. */
  readonly tls: Tls | undefined;
  /** Undefined where the runtime API answers on the Docker host's loopback alone. */
  readonly runtimeTls: RuntimeTls | undefined;
  /** What watches the balancers; undefined for a stack without it. */
  readonly monitoring: MonitoringSettings | undefined;
  readonly drainTimeoutMs: number;
  readonly readyTimeoutMs: number;
  readonly rollout: { readonly batch: BatchSize };
}

/** HTTPS at the front door. */
export interface Tls {
  /** Where the certificate comes from: a PEM file, by its path as it was given, or Balancer itself. */
  readonly certificate: { readonly kind: "file"; readonly path: string } | { readonly kind: "self-signed" };
  /** Whether the HTTP port answers with redirects to HTTPS, and nothing else. */
  readonly redirect: boolean;
}

/** The runtime API by mutual TLS. */
export interface RuntimeTls {
  /** Host address of its port. */
  readonly bind: string;
  /** Under which Pulumi reaches it; empty for the Docker engine's host. */
  readonly host: string;
  /** Another word means new keys and certificates. */
  readonly rotation: string;
}

/** What a container may use of the host. */
export interface Limits {
  readonly memoryMb: number;
  /** Processes and threads. */
  readonly pids: number;
  /** Open files and sockets of a process. */
  readonly files: number;
}

/** What the app containers may do. */
export interface Confinement {
  /** User and group; empty for the image's own. */
  readonly user: string;
  /** Whether the root file system can be written to. */
  readonly readOnly: boolean;
  /** Folders that can be written to even so, and are empty at every start. */
  readonly tmpfs: readonly string[];
  /** Linux capabilities that are kept; all others are dropped. */
  readonly capabilities: readonly string[];
  readonly allowPrivilegeEscalation: boolean;
  readonly limits: Limits;
}

/** Images and host ports of Prometheus and Grafana. */
export interface MonitoringSettings {
  readonly prometheusImage: string;
  readonly grafanaImage: string;
  readonly ports: { readonly prometheus: number; readonly grafana: number };
}

/** The stack's config is refused. The message lists every mistake, one a line. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly mistakes: readonly Mistake[];

  constructor(stack: string, mistakes: readonly Mistake[]) {
    const lines = mistakes.map(
      ({ key, given, allowed }) => `  - ${/^[\w. ]+$/.test(key) ? key : show(key)}: ${show(given)} is refused; allowed: ${allowed}`,
    );
    super(`the config of stack ${show(stack)} has ${mistakes.length} mistake${mistakes.length === 1 ? "" : "s"}:\n${lines.join("\n")}`);
    this.mistakes = mistakes;
  }
}

/**
 * Checks a stack's config.
 * @param stack the Pulumi stack's name; containers and networks carry it
 * @param config all keys of the namespace with their texts, as Pulumi hands them to a program; objects are JSON
 * @throws {SettingsError} with every mistake at once
 */
export function parseSettings(stack: string, config: Readonly<Record<string, string>>): Settings {
  const mistakes: Mistake[] = [];
  if (!DOCKER_NAME.test(stack)) {
    mistakes.push({ key: "stack name", given: stack, allowed: "1 to 40 letters, digits, '-', '_' and '.', first a letter or digit" });
  }
  const { values, unknown } = flatten(config);
  mistakes.push(...unknown);
  const parsed = readFields(values, mistakes);
  mistakes.push(...findContradictions(parsed));
  if (mistakes.length > 0 || !isComplete(parsed)) throw new SettingsError(stack, mistakes);
  return assemble(stack, parsed);
}

/** Reads every field; one that is refused is undefined, and among the mistakes. */
function readFields(values: ReadonlyMap<string, unknown>, mistakes: Mistake[]) {
  const read = <K extends keyof typeof FIELDS>(key: K): z.output<(typeof FIELDS)[K]["schema"]> | undefined => {
    const field = FIELDS[key];
    const result = field.schema.safeParse(values.get(key));
    if (result.success) return result.data as z.output<(typeof FIELDS)[K]["schema"]>;
    mistakes.push({ key, given: values.get(key), allowed: field.allowed });
    return undefined;
  };
  return {
    mode: read("mode"),
    count: read("count"),
    image: read("app.image"),
    port: read("app.port"),
    readyPath: read("app.readyPath"),
    command: read("app.command"),
    env: read("app.env"),
    user: read("app.user"),
    readOnly: read("app.readOnly"),
    tmpfs: read("app.tmpfs"),
    capabilities: read("app.capabilities"),
    allowPrivilegeEscalation: read("app.allowPrivilegeEscalation"),
    appMemory: read("app.memory"),
    appPids: read("app.pids"),
    appFiles: read("app.files"),
    balancers: read("balancers"),
    haproxyImage: read("haproxyImage"),
    haproxyMemory: read("haproxy.memory"),
    haproxyPids: read("haproxy.pids"),
    haproxyFiles: read("haproxy.files"),
    logDriver: read("logDriver"),
    isMonitored: read("monitoring"),
    prometheusImage: read("prometheusImage"),
    grafanaImage: read("grafanaImage"),
    subnet: read("subnet"),
    bind: read("bind"),
    http: read("ports.http"),
    https: read("ports.https"),
    runtime: read("ports.runtime"),
    runtimeTlsPort: read("ports.runtimeTls"),
    stats: read("ports.stats"),
    prometheus: read("ports.prometheus"),
    grafana: read("ports.grafana"),
    drainTimeoutMs: read("drainTimeout"),
    readyTimeoutMs: read("readyTimeout"),
    batch: read("rollout.batch"),
    certificate: read("tls.certificate"),
    selfSigned: read("tls.selfSigned"),
    redirect: read("tls.redirect"),
    hasRuntimeTls: read("runtimeTls.enabled"),
    runtimeTlsBind: read("runtimeTls.bind"),
    runtimeTlsHost: read("runtimeTls.host"),
    rotation: read("runtimeTls.rotation"),
  };
}

type Parsed = Complete<ReturnType<typeof readFields>>;

const assemble = (stack: string, parsed: Parsed): Settings => ({
  stack,
  mode: parsed.mode,
  count: parsed.count,
  app: {
    image: parsed.image,
    port: parsed.port,
    readyPath: parsed.readyPath,
    command: parsed.command.map((word) => word.replaceAll("{port}", String(parsed.port))),
    env: parsed.env,
    confinement: {
      user: parsed.user,
      readOnly: parsed.readOnly,
      tmpfs: parsed.tmpfs,
      capabilities: parsed.capabilities,
      allowPrivilegeEscalation: parsed.allowPrivilegeEscalation,
      limits: { memoryMb: parsed.appMemory, pids: parsed.appPids, files: parsed.appFiles },
    },
  },
  balancers: parsed.balancers,
  haproxyImage: parsed.haproxyImage,
  haproxyLimits: { memoryMb: parsed.haproxyMemory, pids: parsed.haproxyPids, files: parsed.haproxyFiles },
  logDriver: parsed.logDriver,
  subnet: parsed.subnet,
  bind: parsed.bind,
  ports: { http: parsed.http, https: parsed.https, runtime: parsed.runtime, runtimeTls: parsed.runtimeTlsPort, stats: parsed.stats },
  tls: tlsOf(parsed.certificate, parsed.selfSigned, parsed.redirect),
  runtimeTls: parsed.hasRuntimeTls ? { bind: parsed.runtimeTlsBind, host: parsed.runtimeTlsHost, rotation: parsed.rotation } : undefined,
  monitoring: parsed.isMonitored
    ? {
        prometheusImage: parsed.prometheusImage,
        grafanaImage: parsed.grafanaImage,
        ports: { prometheus: parsed.prometheus, grafana: parsed.grafana },
      }
    : undefined,
  drainTimeoutMs: parsed.drainTimeoutMs,
  readyTimeoutMs: parsed.readyTimeoutMs,
  rollout: { batch: parsed.batch },
});

function tlsOf(path: string, isSelfSigned: boolean, redirect: boolean): Tls | undefined {
  if (path !== "") return { certificate: { kind: "file", path }, redirect };
  return isSelfSigned ? { certificate: { kind: "self-signed" }, redirect } : undefined;
}

const DOCKER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,39}$/;

type Complete<T> = { readonly [K in keyof T]: Exclude<T[K], undefined> };

const isComplete = <T extends object>(values: T): values is T & Complete<T> => Object.values(values).every((value) => value !== undefined);

/** Most of a value that a message tells. */
const MAX_VALUE_CHARS = 5_000;

/** As the value stood in the config. */
const show = (value: unknown): string => (value === undefined ? "nothing" : excerpt(JSON.stringify(value) ?? String(value), MAX_VALUE_CHARS));
