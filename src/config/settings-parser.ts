import type { z } from "zod";
import type { Settings, Tls } from "../stack/settings.ts";
import { type Mistake, SettingsError } from "../stack/settings-error.ts";
import { findContradictions } from "./contradictions.ts";
import { FIELDS } from "./schema.ts";
import { flatten } from "./spelling.ts";

/**
 * Checks a stack's config.
 * @param stack the Pulumi stack's name; containers and networks carry it
 * @param config all keys of the namespace with their texts, as Pulumi hands them to a program; objects are JSON
 * @param secrets those of the keys that hold a secret, which no message tells
 * @throws {SettingsError} with every mistake at once
 */
export function parseSettings(
  stack: string,
  config: Readonly<Record<string, string>>,
  secrets: readonly string[] = [],
): Settings {
  const mistakes: Mistake[] = [];
  if (!DOCKER_NAME.test(stack)) {
    mistakes.push({
      key: "stack name",
      given: stack,
      allowed: "1 to 40 letters, digits, '-', '_' and '.', first a letter or digit",
    });
  }
  const { values, unknown } = flatten(config);
  mistakes.push(...unknown);
  const { parsed, refused } = readFields(values);
  mistakes.push(...refused, ...findContradictions(parsed));
  if (mistakes.length > 0 || !isComplete(parsed)) {
    const told = mistakes.map((mistake) =>
      holdsSecret(mistake.key, secrets) ? { ...mistake, given: "[secret]" } : mistake,
    );
    throw new SettingsError(stack, told);
  }
  return assemble(stack, parsed);
}

/** Whether some value under a key is a secret, whichever way it is spelled: `app: {env: …}` or `app.env`. */
export const holdsSecret = (key: string, secrets: readonly string[]): boolean =>
  secrets.some((secret) => `${secret}.`.startsWith(`${key}.`) || `${key}.`.startsWith(`${secret}.`));

/** Reads every field; one that is refused is undefined. */
function readFields(values: ReadonlyMap<string, unknown>) {
  const refused: Mistake[] = [];
  const read = <K extends keyof typeof FIELDS>(
    key: K,
  ): z.output<(typeof FIELDS)[K]["schema"]> | undefined => {
    const field = FIELDS[key];
    const result = field.schema.safeParse(values.get(key));
    if (result.success) return result.data as z.output<(typeof FIELDS)[K]["schema"]>;
    refused.push({ key, given: values.get(key), allowed: field.allowed });
    return undefined;
  };
  const parsed = {
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
  return { parsed, refused };
}

type Parsed = Complete<ReturnType<typeof readFields>["parsed"]>;

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
  ports: {
    http: parsed.http,
    https: parsed.https,
    runtime: parsed.runtime,
    runtimeTls: parsed.runtimeTlsPort,
    stats: parsed.stats,
  },
  tls: tlsOf(parsed.certificate, parsed.selfSigned, parsed.redirect),
  runtimeTls: parsed.hasRuntimeTls
    ? { bind: parsed.runtimeTlsBind, host: parsed.runtimeTlsHost, rotation: parsed.rotation }
    : undefined,
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

const isComplete = <T extends object>(values: T): values is T & Complete<T> =>
  Object.values(values).every((value) => value !== undefined);
