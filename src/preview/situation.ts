import { appArguments } from "../docker/container-arguments.ts";
import { type Engine, reachableHost } from "../docker/engine.ts";
import { findEngine } from "../docker/engine-address.ts";
import { inspectEngine } from "../docker/engine-replies.ts";
import {
  observeApps,
  observeBalancers,
  observeDrift,
  observeMonitoring,
  observeSubnet,
} from "../docker/found-containers.ts";
import { checkPortsFree } from "../docker/free-ports.ts";
import { findImages, imagesOf, type WantedImage } from "../docker/images.ts";
import { checkJoinedNetworks } from "../docker/joined-networks.ts";
import { definitionName } from "../docker/labels.ts";
import { checkSubnetFree } from "../docker/leftovers.ts";
import { CERTIFICATE_PATH } from "../haproxy/container.ts";
import { type HaproxyConfig, renderConfig } from "../haproxy/file/render.ts";
import { Haproxy } from "../haproxy/runtime/client.ts";
import { observeEach, type RunningState, readState } from "../haproxy/runtime/running-state.ts";
import { type RunningCertificate, readRunningCertificate } from "../haproxy/runtime/served-certificate.ts";
import { isInRotation } from "../haproxy/runtime/state.ts";
import { areShared, type Sharer } from "../haproxy/servers/share-sessions.ts";
import { type Credentials, endpointAt } from "../stack/endpoint.ts";
import { appMadeFrom, type ImageIds, type MadeFrom } from "../stack/made-from.ts";
import type { ObservedApp, ObservedBalancer, ObservedDrift } from "../stack/observed.ts";
import { stackPorts } from "../stack/published-ports.ts";
import { planRollout, type Rollout } from "../stack/rollout.ts";
import type { ConfiguredSettings, Settings } from "../stack/settings.ts";
import { SettingsError } from "../stack/settings-error.ts";
import { findSurplus, type Spread } from "../stack/spread.ts";
import { planTopology, runtimeEndpoint, type Topology } from "../stack/topology.ts";
import { changedByHand, checkNamesFree, observeServices } from "../swarm/found-services.ts";
import { findPortable } from "../swarm/portable-images.ts";
import { findSpread } from "../swarm/spread-of-tasks.ts";
import { checkSwarmCan, findGateway, findSubnet } from "../swarm/swarm-needs.ts";
import { type Certificate, CertificateError, checkDates } from "../tls/certificate.ts";
import { readCertificateFile } from "../tls/pem-file.ts";
import { completeByImage } from "./app-port.ts";
import { appUpkeep, otherUpkeep } from "./declared-upkeep.ts";

/** What a stack is configured to be. */
export interface Declared {
  readonly settings: Settings;
  readonly topology: Topology;
  readonly config: HaproxyConfig;
  /** The user's own certificate, where the config names a file. */
  readonly certificate: Certificate | undefined;
  /** Docker's log driver of all containers, by name. */
  readonly logDriver: string;
  /** Docker's ids of the images that are on the engine. */
  readonly images?: ImageIds;
  /** Names of the same images on every machine of a Swarm. Undefined on one engine, where the ids are. */
  readonly portable?: ReadonlyMap<string, string> | undefined;
  /** What each app container is made from, by its name. */
  readonly apps: ReadonlyMap<string, DeclaredApp>;
  readonly rollout: Rollout;
  /**
   * Addresses from which each machine's own requests come, by the machine's name. Undefined on one engine.
   */
  readonly gateways?: ReadonlyMap<string, string> | undefined;
}

/** What an app container is made from. */
export interface DeclaredApp {
  /** The very arguments that the engine gets. */
  readonly container: ReturnType<typeof appArguments>;
  /** By config key, and the hash of the arguments, so that nothing of them can be left out. */
  readonly madeFrom: MadeFrom;
  /** Names that map. A container of another name is replaced. */
  readonly definition: string;
}

/** What runs, as far as it can be seen. */
export interface Observed {
  /** Of the stack's network; undefined when there is none. */
  readonly subnet: string | undefined;
  /** App containers by name, whether they run or not. */
  readonly apps: ReadonlyMap<string, ObservedApp>;
  /** By container name, those that are no longer declared included. */
  readonly balancers: ReadonlyMap<string, ObservedBalancer>;
  /** Images that an update has to pull first. */
  readonly missingImages?: readonly WantedImage[];
  /** What Prometheus and Grafana were made from, by container name. */
  readonly monitoring?: ReadonlyMap<string, MadeFrom>;
  /** What somebody did to the declared containers, by name. */
  readonly drift?: ReadonlyMap<string, ObservedDrift>;
  /** What each balancer runs, by container name; those that do not answer are left out. */
  readonly running: ReadonlyMap<string, RunningState>;
  /** The certificate that each balancer serves, by container name; those that serve none are left out. */
  readonly certificates: ReadonlyMap<string, RunningCertificate>;
  /** On which machines of a Swarm the servers run. Undefined on one engine. */
  readonly spread?: Spread | undefined;
  /** Whether balancers that answer do not share their sessions, or remember different things of them. */
  readonly areSessionsApart: boolean;
}

/** A stack as it is declared, next to what of it exists. */
export interface Situation {
  readonly declared: Declared;
  readonly observed: Observed;
}

/** Where a stack is: one Docker engine, or a Swarm. */
export interface Place {
  /** The engine, or a manager of the Swarm. */
  readonly docker: Engine;
  /** The engines of a Swarm's machines that are there, by the machines' names. */
  readonly machines?: ReadonlyMap<string, Engine>;
  /** Whether servers are moved from machines that have more than others, whatever the config says. */
  readonly rebalances?: boolean;
  /** Whether networks that the app containers join may be missing, since the update will make them. */
  readonly makesNetworks?: boolean;
}

/**
 * Works out what a stack shall be, and looks at what it is. Changes nothing.
 * @param credentials of the runtime APIs that run, where these take any
 * @throws {SettingsError} when the certificate that the config names is none, or the app's port is not known
 * @throws {EngineError} when a host port, the subnet or an address in it is somebody else's
 */
export async function lookAtStack(
  place: Place,
  configured: ConfiguredSettings,
  credentials?: Credentials,
): Promise<Situation> {
  const { docker } = place;
  const settings = await completeByImage(docker, configured);
  const topology = planTopology(
    settings,
    settings.swarm === undefined ? await reachableHost(await findEngine(), settings) : undefined,
  );
  const config = renderConfig(topology);
  const [logDriver, images, found, inHaproxies] = await Promise.all([
    settings.logDriver === "engine"
      ? inspectEngine(docker).then((engine) => engine.LoggingDriver)
      : settings.logDriver,
    findImages(docker, settings.stack, imagesOf(settings)),
    settings.swarm === undefined
      ? lookAtEngine(place, settings, topology)
      : lookAtSwarm(place, settings, topology),
    lookAtHaproxies(settings, haproxiesOf(topology, credentials)),
  ]);
  const { gateways, ...onEngine } = found;
  const { subnet, apps, balancers, drift } = onEngine;
  const running = [...inHaproxies.running.values()];
  const isSameSubnet = subnet === undefined || subnet === topology.network.subnet;
  if (subnet !== topology.network.subnet) await checkSubnetFree(docker, topology.network);
  const certificate = await readOwnCertificate(settings, balancers);
  const portable = settings.swarm && (await findPortable(docker, images.ids));
  const declaredApps = declareApps(settings, topology, logDriver, images.ids, portable);
  const rollout = planRollout({
    servers: topology.servers,
    definitions: new Map([...declaredApps].map(([name, { definition }]) => [name, definition])),
    // With another subnet all goes and comes back anyway.
    running: new Map(
      isSameSubnet ? [...apps].map(([name, app]) => [name, definitionOf(app, drift.get(name))]) : [],
    ),
    serving: inRotationEverywhere(running),
    isAllDown: running.length > 0 && running.every(({ servers }) => !servers.some(({ isUp }) => isUp)),
    batch: settings.rollout.batch,
    moved: place.rebalances || settings.swarm?.rebalance ? found.spread && findSurplus(found.spread) : [],
  });
  const declared = { images: images.ids, portable, apps: declaredApps, gateways };
  return {
    declared: { settings, topology, config, certificate, logDriver, rollout, ...declared },
    observed: { ...onEngine, ...inHaproxies, missingImages: images.missing },
  };
}

/** Looks at what of a stack is on the engine. */
async function lookAtEngine({ docker, makesNetworks }: Place, settings: Settings, topology: Topology) {
  const { stack } = settings;
  const [subnet, apps, balancers, monitoring, drift] = await Promise.all([
    observeSubnet(docker, topology),
    observeApps(docker, stack),
    observeBalancers(docker, stack),
    observeMonitoring(docker, stack),
    observeDrift(docker, appUpkeep(settings, topology), otherUpkeep(settings, topology)),
    checkPortsFree(docker, stackPorts(settings, topology), topology),
    checkJoinedNetworks(docker, settings, topology, makesNetworks),
  ]);
  return { subnet, apps, balancers, monitoring, drift, gateways: undefined, spread: undefined };
}

/** Looks at what of a stack is on a Swarm, and on its machines that are there. */
async function lookAtSwarm({ docker, machines = new Map() }: Place, settings: Settings, topology: Topology) {
  const { stack } = settings;
  const onMachines = [...machines].map(async ([name, engine]) => {
    const own = {
      ...topology,
      balancers: topology.balancers.filter(({ machine }) => machine?.name === name),
    };
    const [first] = topology.balancers;
    const here = { ...own, monitoring: first?.machine?.name === name ? topology.monitoring : undefined };
    const [balancers, monitoring, drift, gateway] = await Promise.all([
      observeBalancers(engine, stack),
      observeMonitoring(engine, stack),
      observeDrift(engine, new Map(), otherUpkeep(settings, here)),
      findGateway(engine, name),
      checkPortsFree(engine, stackPorts(settings, here), here, machineOf(own)?.engine),
    ]);
    return { name, balancers, monitoring, drift, gateway };
  });
  const [subnet, apps, spread, found] = await Promise.all([
    findSubnet(docker, topology.network.name),
    observeServices(docker, stack),
    findSpread(docker, topology.servers),
    Promise.all(onMachines),
    checkSwarmCan(docker, settings, topology),
    checkNamesFree(docker, topology),
  ]);
  return {
    subnet,
    apps,
    spread,
    balancers: new Map(found.flatMap(({ balancers }) => [...balancers])),
    monitoring: new Map(found.flatMap(({ monitoring }) => [...monitoring])),
    drift: new Map([
      ...found.flatMap(({ drift }) => [...drift]),
      ...changedByHand(apps).map((name) => [name, CHANGED_BY_HAND] as const),
    ]),
    gateways: new Map(found.map(({ name, gateway }) => [name, gateway])),
  };
}

/** Swarm does not tell what somebody changed, and no change of a service leaves its container as it was. */
const CHANGED_BY_HAND = { inPlace: [], lasting: ["its service was changed by hand"] };

const machineOf = ({ balancers }: Pick<Topology, "balancers">) => balancers[0]?.machine;

/** Looks at what the HAProxies that answer run. */
async function lookAtHaproxies({ tls, mode }: Settings, haproxies: readonly Sharer[]) {
  const lookAtCertificate = (haproxy: Haproxy) => readRunningCertificate(haproxy, CERTIFICATE_PATH);
  const areSharing = mode === "sticky" && haproxies.length > 1;
  const [running, certificates, isApart] = await Promise.all([
    observeEach(haproxies, readState),
    tls === undefined ? new Map() : observeEach(haproxies, lookAtCertificate),
    areSharing && areShared(haproxies, { forGood: false }).then((isShared) => !isShared),
  ]);
  return { running, certificates, areSessionsApart: isApart };
}

/** What each app container is made from, by its name. */
export function declareApps(
  settings: Settings,
  { network, servers }: Topology,
  logDriver: string,
  images?: ImageIds,
  portable: ReadonlyMap<string, string> | undefined = images,
): Map<string, DeclaredApp> {
  const byKey = appMadeFrom(settings, logDriver, images);
  const image = portable?.get(settings.app.image) ?? settings.app.image;
  return new Map(
    servers.map(({ containerName, address }) => {
      const container = appArguments({ ...settings.app, image, logDriver, network: network.name, address });
      const madeFrom = { ...byKey, arguments: definitionName(container) };
      return [containerName, { container, madeFrom, definition: definitionName(madeFrom) }];
    }),
  );
}

/** Names what an app container is made from; nothing where only another one can be as declared. */
const definitionOf = ({ definition }: ObservedApp, drift: ObservedDrift | undefined): string =>
  drift === undefined || drift.lasting.length === 0 ? definition : "";

/** The balancers' HAProxies; none where it takes credentials that are not there. */
function haproxiesOf(topology: Topology, credentials: Credentials | undefined): Sharer[] {
  if (topology.runtimeTls !== undefined && credentials === undefined) return [];
  return topology.balancers.flatMap((balancer) => {
    if (balancer.machine?.isDown === true) return [];
    const endpoint = endpointAt(runtimeEndpoint(topology, balancer), credentials);
    const haproxy = new Haproxy(endpoint, topology.backend.name);
    return { haproxyContainer: balancer.containerName, haproxy };
  });
}

async function readOwnCertificate({ stack, tls }: Settings, balancers: Observed["balancers"]) {
  if (tls?.certificate.kind !== "file") return undefined;
  const { path } = tls.certificate;
  const installed = [...balancers.values()].map(({ certificateDigest }) => certificateDigest);
  try {
    const certificate = await readCertificateFile(path);
    checkDates(certificate, installed, new Date());
    return certificate;
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    const allowed = `a PEM file with a certificate, its chain and its key, but ${error.message}`;
    throw new SettingsError(stack, [{ key: "tls.certificate", given: path, allowed }]);
  }
}

/** Servers that every balancer that answers has in rotation, by name. */
function inRotationEverywhere(running: readonly RunningState[]): ReadonlySet<string> {
  const [first = new Set<string>(), ...rest] = running.map(
    ({ servers }) => new Set(servers.filter(isInRotation).map(({ name }) => name)),
  );
  return new Set([...first].filter((name) => rest.every((serving) => serving.has(name))));
}
