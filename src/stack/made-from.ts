import { createHash } from "node:crypto";
import { z } from "zod";
import type { Service } from "./monitoring-services.ts";
import { balancerPorts, servicePort } from "./published-ports.ts";
import { formatSessionKey } from "./session-key.ts";
import type { Settings } from "./settings.ts";
import type { Balancer, Topology } from "./topology.ts";
import { trafficMadeFrom } from "./traffic.ts";

/**
 * Says what something was made from, by config key. Whatever is made carries its map, as a label or in a
 * first comment line; what compares, compares these maps.
 */
export type MadeFrom = Readonly<Record<string, string>>;

/** Says what a HAProxy container is made from. A change of it needs another container. */
export function balancerMadeFrom(
  settings: Settings,
  balancer: Balancer,
  logDriver: string,
  images?: ImageIds,
): MadeFrom {
  const { haproxyLimits, haproxyImage, runtimeTls } = settings;
  const published = balancerPorts(settings, balancer);
  return {
    "haproxy.memory": `${haproxyLimits.memoryMb}m`,
    "haproxy.files": String(haproxyLimits.files),
    logDriver,
    ...madeFromImage("haproxyImage", haproxyImage, images),
    ...Object.fromEntries(published.map(({ key, address, port }) => [key, `${address}:${port}`])),
    ...(runtimeTls && { "runtimeTls.rotation": runtimeTls.rotation }),
  };
}

/** Says what a container that watches the balancers is made from. A change of it needs another container. */
export function serviceMadeFrom(service: Service, images?: ImageIds): MadeFrom {
  const { key, address, port } = servicePort(service);
  return { ...madeFromImage(`${service.role}Image`, service.image, images), [key]: `${address}:${port}` };
}

/** Says what haproxy.cfg is made from, apart from its servers. A change of it needs a reload. */
export const configMadeFrom = (topology: Topology): MadeFrom => {
  const { mode, balancers, check, checkTimeoutMs, monitoring, tls, session, balance, traffic } = topology;
  const { standIn, swarm } = topology;
  const { key, cookie, expireMs, size } = session;
  return {
    mode,
    balance,
    "session.key": formatSessionKey(key),
    "session.cookie.name": cookie.name,
    "session.cookie.sameSite": cookie.sameSite,
    "session.cookie.domain": cookie.domain,
    "session.expire": `${expireMs / 1000}s`,
    "session.size": String(size),
    ...(swarm === undefined
      ? { balancers: String(balancers.length) }
      : { machines: String(balancers.length), slots: String(swarm.slots.length) }),
    ...trafficMadeFrom(traffic),
    "app.readyPath": check.path,
    "app.check.host": check.host,
    "app.check.status": check.status,
    "app.check.timeout": `${checkTimeoutMs}ms`,
    "app.check.interval": `${standIn.check.intervalMs}ms`,
    "app.check.rise": String(standIn.check.rise),
    "app.check.fall": String(standIn.check.fall),
    "app.maxConnections": String(standIn.maxConnections ?? 0),
    monitoring: String(monitoring !== undefined),
    "tls.redirect": String(tls?.redirect ?? false),
  };
};

/** Says what the app containers are made from. Values of the environment are hashes: some are secrets. */
export function appMadeFrom({ app, swarm }: Settings, logDriver: string, images?: ImageIds): MadeFrom {
  const { image, platform, port, command, env, confinement } = app;
  const { limits, ...rights } = confinement;
  const hashes = Object.entries(env).map(([name, value]) => [name, hashOf(value)]);
  const mayDo = Object.entries(rights).map(([key, value]) => [`app.${key}`, String(value ?? "Docker's own")]);
  return {
    ...madeFromImage("app.image", image, images),
    ...(platform !== "" && { "app.platform": platform }),
    "app.port": String(port),
    "app.command": JSON.stringify(command),
    "app.env": JSON.stringify(Object.fromEntries(hashes)),
    ...ownMadeFrom(app),
    ...Object.fromEntries(mayDo),
    "app.memory": `${limits.memoryMb}m`,
    "app.openFiles": String(limits.files),
    logDriver,
    // What Swarm says of a service it cannot change while its task runs.
    ...(swarm && { "app.restartDelay": `${app.restartDelayMs / 1000}s`, "app.pids": String(limits.pids) }),
  };
}

/** What is not there is left out. Texts of files are hashes, as some are secrets. */
function ownMadeFrom(app: Settings["app"]): MadeFrom {
  const { files, volumes, networks, labels, hostname, stopSignal, stopTimeoutMs } = app;
  const hashes = Object.entries(files).map(([path, text]) => [path, hashOf(text)]);
  return {
    ...(hashes.length > 0 && { "app.files": JSON.stringify(Object.fromEntries(hashes)) }),
    ...(volumes.length > 0 && { "app.volumes": volumes.join(" ") }),
    ...(networks.length > 0 && { "app.networks": networks.join(" ") }),
    ...(Object.keys(labels).length > 0 && { "app.labels": JSON.stringify(labels) }),
    ...(hostname !== "" && { "app.hostname": hostname }),
    ...(stopSignal !== "" && { "app.stopSignal": stopSignal }),
    "app.stopTimeout": `${stopTimeoutMs / 1000}s`,
  };
}

/** Docker's ids of the images on the engine, by the references that the config has. */
export type ImageIds = ReadonlyMap<string, string>;

/** The same reference may name another image tomorrow, so that the id is told beside it. */
function madeFromImage(key: string, reference: string, images: ImageIds = new Map()): MadeFrom {
  const id = images.get(reference);
  return { [key]: reference, ...(id !== undefined && { [idKey(key)]: shortId(id) }) };
}

/** Key of an image's id in a map that has its reference under another. */
export const idKey = (imageKey: string): string => `${imageKey} id`;

/** Writes an id of Docker's as its own commands do. */
export const shortId = (id: string): string => id.replace(/^sha256:/, "").slice(0, 12);

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

/** Puts differences into words. An image is told by its ids where the reference is the same on both sides. */
export const describeChangedKeys = (is: MadeFrom, shall: MadeFrom): string[] =>
  changedKeys(is, shall).flatMap(({ key, is: before = "none", shall: after = "none" }) => {
    const imageKey = Object.keys(shall).find((each) => idKey(each) === key);
    if (imageKey === undefined) return [describeChangedKey({ key, is: before, shall: after })];
    const reference = shall[imageKey];
    return is[imageKey] === reference ? [`${imageKey} ${reference} (${before} → ${after})`] : [];
  });

const MADE_FROM = z.record(z.string(), z.string());

/** Reads a map that was written as JSON. Any other text gives undefined. */
export function readMadeFrom(text: string | undefined): MadeFrom | undefined {
  try {
    return MADE_FROM.safeParse(JSON.parse(text ?? "")).data;
  } catch {
    return undefined;
  }
}
