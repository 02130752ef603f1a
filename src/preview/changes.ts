import type { WantedImage } from "../docker/images.ts";
import { isAsideName } from "../docker/set-aside.ts";
import { readHead } from "../haproxy/file/head.ts";
import type { HaproxyConfig } from "../haproxy/file/render.ts";
import { SERVER_WEIGHT } from "../haproxy/file/server-line.ts";
import { movedShare } from "../haproxy/hash-ring.ts";
import type { RunningState } from "../haproxy/runtime/running-state.ts";
import type { RunningCertificate } from "../haproxy/runtime/served-certificate.ts";
import { isInRotation } from "../haproxy/runtime/state.ts";
import { describeDifference, type Plan, planUpdate } from "../haproxy/servers/update-plan.ts";
import { callOf } from "../stack/checkout.ts";
import { describeCheck } from "../stack/health-check.ts";
import {
  balancerMadeFrom,
  changedKeys,
  describeChangedKey,
  describeChangedKeys,
} from "../stack/made-from.ts";
import type { ObservedBalancer } from "../stack/observed.ts";
import { withoutReplaced } from "../stack/rollout.ts";
import { describeSpread, findSurplus } from "../stack/spread.ts";
import type { Balancer, Server } from "../stack/topology.ts";
import { expiresSoon, formatDay, SELF_SIGNED_SUBJECT } from "../tls/certificate.ts";
import { describeDrift, describeImages, describeMonitoring } from "./container-changes.ts";
import type { Declared, Observed } from "./situation.ts";

/**
 * Tells which way each change will go, a line each: `runtime:`, `check:`, `reload:`, `sessions:`,
 * `certificate:`, `roll-out:`, `in place:`, `drift:`, `HAProxy replaced:`, `everything replaced:`, `create:`,
 * `start:` or `remove:`. Compared is what runs, not what an earlier update meant to do.
 * No line when all is as declared.
 */
export function describeChanges(declared: Declared, observed: Observed, now = new Date()): string[] {
  const { topology, rollout } = declared;
  const { subnet } = topology.network;
  if (observed.subnet !== undefined && observed.subnet !== subnet)
    return [`everything replaced: subnet ${observed.subnet} → ${subnet}`];
  const lines = (observed.missingImages ?? []).map(describePull);
  const changed = new Map<string, readonly string[]>();
  const replaced = new Set(rollout.replaced.map(({ containerName }) => containerName));
  for (const balancer of topology.balancers) {
    const { containerName } = balancer;
    const found = observed.balancers.get(containerName);
    const running = observed.running.get(containerName);
    const container = describeBalancer(declared, balancer, found, running);
    lines.push(...container);
    if (container.length > 0) replaced.add(containerName);
    if (running === undefined) continue;
    const oldConfig = found?.configText ?? "";
    const plan = planOf(declared, running);
    const told = describeTrial(plan);
    // A HAProxy that is started anew takes the file's servers; only one that runs on is changed at run time.
    if (container.length === 0) {
      const served = observed.certificates.get(containerName);
      told.push(...describeServers(plan, declared, running, oldConfig));
      told.push(...describeCertificate(declared, found?.certificateDigest, served, now));
    }
    changed.set(containerName, [...told, ...describeSessions(declared, running, oldConfig)]);
  }
  lines.push(...together(changed));
  const isReloaded = topology.balancers.some(
    ({ containerName }) => observed.running.get(containerName)?.revision !== declared.config.revision,
  );
  if (observed.areSessionsApart && !isReloaded)
    lines.push("sessions: not the same on all balancers, taught to each other anew");
  const names = new Set(topology.balancers.map(({ containerName }) => containerName));
  const removed = [...observed.balancers.keys()].filter((name) => !names.has(name));
  return [
    ...lines,
    ...removed.map((name) => `remove: ${name}`),
    ...describeMonitoring(declared, observed),
    ...describeDrift(observed, replaced),
    ...describeApps(declared, observed),
    ...describeRollout(declared, observed),
    ...describeUnevenness(declared, observed),
  ];
}

const describePull = ({ key, reference, platform = "" }: WantedImage): string =>
  `pull: ${key} ${reference}${platform === "" ? "" : ` for ${platform}`}`;

function describeRollout(declared: Declared, observed: Observed): string[] {
  const { replaced, atATime } = declared.rollout;
  const { length: count } = replaced;
  if (count === 0) return [];
  const what = `${count} container${count === 1 ? "" : "s"} in batches of ${Math.min(count, atATime)}`;
  return [...describeImages(declared, observed), `roll-out: ${what}`];
}

/** Swarm never moves what runs, so that after deaths of machines all may be on one. */
function describeUnevenness({ rollout }: Declared, { spread }: Observed): string[] {
  if (spread === undefined) return [];
  const surplus = findSurplus(spread);
  if (surplus.length === 0) return [];
  const { moved = [] } = rollout;
  const what = moved.length > 0 ? `moves ${moved.join(" ")}` : `${callOf("rebalance")} evens it out`;
  return [`spread: uneven, ${describeSpread(spread)}; ${what}`];
}

/** Containers of servers that HAProxy has, which are gone or do not run. */
function describeApps({ topology, rollout }: Declared, { apps, running }: Observed): string[] {
  // An update that was killed in a roll-out has left them. A roll-out goes on with them, and removes them.
  const isOfRollout = (name: string) => name === topology.standIn.containerName || isAsideName(name);
  const left = rollout.replaced.length > 0 ? [] : [...apps.keys()].filter(isOfRollout).sort();
  const known = new Set([...running.values()].flatMap(({ servers }) => servers.map(({ name }) => name)));
  const replaced = namesOf(rollout.replaced);
  const lines = topology.servers.flatMap(({ name, containerName }) => {
    const found = apps.get(containerName);
    if (found === undefined) return known.has(name) ? [`create: ${containerName}`] : [];
    return found.isRunning || replaced.has(name) ? [] : [`start: ${containerName}`];
  });
  return [...lines, ...left.map((name) => `remove: ${name}`)];
}

/** What is as declared, but will not do for long. */
export const describeWarnings = (declared: Declared, now = new Date()): string[] => [
  ...describeDead(declared),
  ...describeExpiry(declared, now),
];

const describeDead = ({ settings: { swarm } }: Declared): string[] =>
  (swarm?.machines ?? []).flatMap(({ name, isDown }) =>
    isDown
      ? [`machine ${name} is left as it is (machines.${name}.down); take that away when it is back`]
      : [],
  );

function describeExpiry({ settings: { tls }, certificate }: Declared, now: Date): string[] {
  if (tls?.certificate.kind !== "file" || certificate === undefined || !expiresSoon(certificate.expires, now))
    return [];
  const verb = certificate.expires <= now ? "has expired" : "expires";
  const file = JSON.stringify(tls.certificate.path);
  return [`the certificate in ${file} (tls.certificate) ${verb} on ${formatDay(certificate.expires)}`];
}

/** Tells a line once if it holds for all balancers, and else with the names of those that it holds for. */
function together(changed: ReadonlyMap<string, readonly string[]>): string[] {
  const lines = new Set([...changed.values()].flat());
  return [...lines].map((line) => {
    const names = [...changed].filter(([, own]) => own.includes(line)).map(([name]) => name);
    return names.length === changed.size ? line : `${line} (${names.join(", ")})`;
  });
}

/** What of a HAProxy container can only change with the container. */
function describeBalancer(
  declared: Declared,
  balancer: Balancer,
  found: ObservedBalancer | undefined,
  running: RunningState | undefined,
): string[] {
  const { settings, topology, logDriver, images } = declared;
  const { containerName, machine } = balancer;
  if (machine?.isDown === true) return []; // described as a warning
  if (found === undefined) return [`create: ${containerName} with ${topology.servers.length} servers`];
  if (!found.isRunning && machine === undefined) return [`HAProxy replaced: ${containerName} does not run`];
  const shall = balancerMadeFrom(settings, balancer, logDriver, images);
  const words = describeChangedKeys(found.madeFrom, shall);
  if (words.length === 0) return found.isRunning ? [] : [`start: ${containerName}`];
  const servers =
    running === undefined
      ? ""
      : describeDifference(planOf(declared, { ...running, revision: undefined }).difference);
  if (servers !== "") words.push(`servers ${servers}`);
  return [`HAProxy replaced: ${containerName}, ${words.join(", ")}`];
}

const namesOf = (servers: readonly Server[]): ReadonlySet<string> => new Set(servers.map(({ name }) => name));

/** What the update will do to the servers, but for those that a roll-out takes out and adds again. */
function planOf({ topology, config, rollout }: Declared, running: RunningState): Plan {
  const { revision } = config;
  const { check } = topology;
  return planUpdate(
    { servers: withoutReplaced(topology.servers, rollout), revision, check },
    { ...running, servers: withoutReplaced(running.servers, rollout) },
  );
}

/** Another check is tried before anything else, also where HAProxy starts anew with it. */
const describeTrial = ({ phases }: Plan): string[] =>
  phases.flatMap((phase) => {
    if (phase.kind !== "try") return [];
    const names = phase.servers.map(({ name }) => name).join(" ");
    return [`check: ${describeCheck(phase.check)} is tried on ${names} first`];
  });

function describeServers(
  { difference, phases }: Plan,
  declared: Declared,
  running: RunningState,
  oldConfig: string,
): string[] {
  const words = describeDifference(difference);
  const isDown = new Set(running.servers.filter(({ isUp }) => !isUp).map(({ name }) => name));
  const proved = namesOf(
    phases.flatMap((phase) => (phase.kind === "prove" || phase.kind === "judge" ? phase.servers : [])),
  );
  const names = declared.topology.servers.map(({ name }) => name);
  const down = names.filter((name) => proved.has(name) && isDown.has(name));
  const lines = words === "" ? [] : [`runtime: ${words}`];
  if (down.length > 0)
    lines.push(`runtime: waits until ${down.join(" ")} ${down.length === 1 ? "is" : "are"} up`);
  if (phases.some(({ kind }) => kind === "reload"))
    lines.push(`reload: ${describeReload(oldConfig, declared.config)}`);
  return lines;
}

function describeCertificate(
  { settings: { tls }, certificate }: Declared,
  installed: string | undefined,
  served: RunningCertificate | undefined,
  now: Date,
): string[] {
  if (tls === undefined || served === undefined) return [];
  if (certificate !== undefined) {
    if (served.fingerprint === certificate.fingerprint && installed === certificate.digest) return [];
    return [`certificate: changed through the runtime API, expires ${formatDay(certificate.expires)}`];
  }
  const isOurs = served.subject.startsWith(SELF_SIGNED_SUBJECT);
  if (isOurs && !expiresSoon(served.expires, now)) return [];
  return [`certificate: ${isOurs ? "renewed" : "changed"} through the runtime API, self-signed`];
}

/** In hash mode the servers alone decide where a session goes, whatever else an update does. */
function describeSessions({ settings, topology }: Declared, { servers }: RunningState, oldConfig: string) {
  if (settings.mode !== "hash" || readHead(oldConfig)?.madeFrom.mode !== "hash") return [];
  const before = servers.filter(isInRotation);
  const after = topology.servers.map(({ name, id }) => ({ name, id, weight: SERVER_WEIGHT }));
  const share = movedShare(before, after);
  return share === 0 ? [] : [`sessions: ${(share * 100).toFixed(1)} % move to another server`];
}

/** What a reload changes, by the config key where there is one. */
function describeReload(before: string, { text, madeFrom }: HaproxyConfig): string {
  const changed = changedKeys(readHead(before)?.madeFrom ?? {}, madeFrom);
  if (changed.length > 0) return changed.map(describeChangedKey).join(", ");
  const [old, fresh] = [settingLines(before), settingLines(text)];
  const count = old.symmetricDifference(fresh).size;
  return count === 0 ? "the worker runs an older config" : `${count} lines of haproxy.cfg`;
}

/** Finds other lines of a template that was changed: head, revision and servers are told elsewhere. */
const settingLines = (text: string): Set<string> =>
  new Set(
    text
      .split("\n")
      .slice(1)
      .filter((line) => !["    server ", "    setenv "].some((start) => line.startsWith(start))),
  );
