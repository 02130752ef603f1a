import { createHash } from "node:crypto";
import { z } from "zod";
import { balancerPorts, type PublishedPort } from "./published-ports.ts";
import type { Settings } from "./settings.ts";
import type { Balancer, Topology } from "./topology.ts";

/**
 * Says what something was made from, by config key. Whatever is made carries its map, as a label or in a
 * first comment line; what compares, compares these maps.
 */
export type MadeFrom = Readonly<Record<string, string>>;

/** Says what a HAProxy container is made from. A change of it needs another container. */
export function balancerMadeFrom(settings: Settings, balancer: Balancer, logDriver: string): MadeFrom {
  const { haproxyLimits, haproxyImage, runtimeTls } = settings;
  const published = balancerPorts(settings, balancer);
  return {
    "haproxy.memory": `${haproxyLimits.memoryMb}m`,
    "haproxy.files": String(haproxyLimits.files),
    logDriver,
    haproxyImage,
    ...Object.fromEntries(published.map(({ key, address, port }) => [key, `${address}:${port}`])),
    ...(runtimeTls && { "runtimeTls.rotation": runtimeTls.rotation }),
  };
}

/** Says what a container that watches the balancers is made from. A change of it needs another container. */
export const monitoringMadeFrom = (
  service: "prometheus" | "grafana",
  { image }: { readonly image: string },
  { key, address, port }: PublishedPort,
): MadeFrom => ({ [`${service}Image`]: image, [key]: `${address}:${port}` });

/** Says what haproxy.cfg is made from, apart from its servers. A change of it needs a reload. */
export const configMadeFrom = ({ mode, balancers, readyPath, monitoring, tls }: Topology): MadeFrom => ({
  mode,
  balancers: String(balancers.length),
  "app.readyPath": readyPath,
  monitoring: String(monitoring !== undefined),
  "tls.redirect": String(tls?.redirect ?? false),
});

/** Says what the app containers are made from. Values of the environment are hashes: some are secrets. */
export function appMadeFrom({ app }: Settings, logDriver: string): MadeFrom {
  const { image, port, command, env, confinement } = app;
  const { limits, ...rights } = confinement;
  const hashes = Object.entries(env).map(([name, value]) => [name, hashOf(value)]);
  const mayDo = Object.entries(rights).map(([key, value]) => [`app.${key}`, String(value)]);
  return {
    "app.image": image,
    "app.port": String(port),
    "app.command": JSON.stringify(command),
    "app.env": JSON.stringify(Object.fromEntries(hashes)),
    ...Object.fromEntries(mayDo),
    "app.memory": `${limits.memoryMb}m`,
    "app.files": String(limits.files),
    logDriver,
  };
}

/** Names a value that must not be told. */
const hashOf = (value: string): string => createHash("sha256").update(value).digest("hex").slice(0, 12);

/** A key that differs. A value is undefined if that side does not have the key. */
export interface ChangedKey {
  readonly key: string;
  readonly is: string | undefined;
  readonly shall: string | undefined;
}

/** Compares what something was made from with what it shall be made from. */
export const changedKeys = (is: MadeFrom, shall: MadeFrom): ChangedKey[] =>
  [...new Set([...Object.keys(shall), ...Object.keys(is)])]
    .map((key) => ({ key, is: is[key], shall: shall[key] }))
    .filter((each) => each.is !== each.shall);

/** Puts a difference into words: `mode sticky → hash`. */
export const describeChangedKey = ({ key, is = "none", shall = "none" }: ChangedKey): string =>
  `${key} ${is} → ${shall}`;

const MADE_FROM = z.record(z.string(), z.string());

/** Reads a map that was written as JSON. Any other text gives undefined. */
export function readMadeFrom(text: string | undefined): MadeFrom | undefined {
  try {
    return MADE_FROM.safeParse(JSON.parse(text ?? "")).data;
  } catch {
    return undefined;
  }
}
