import type { BatchSize } from "./batch-size.ts";
import type { Subnet } from "./subnet.ts";

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
