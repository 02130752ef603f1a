import type Docker from "dockerode";
import type { Declared, Observed } from "./changes.ts";
import { engineHost } from "./engine/connection.ts";
import { definitionName } from "./engine/labels.ts";
import { checkSubnetFree } from "./engine/leftovers.ts";
import { observeApps, observeBalancers, observeSubnet, readLogDriver } from "./engine/observation.ts";
import { checkPortsFree } from "./engine/published-ports.ts";
import { renderConfig } from "./haproxy/config.ts";
import { stackPorts } from "./published-ports.ts";
import { planRollout } from "./rollout.ts";
import type { RunningState } from "./runtime/client.ts";
import { type Credentials, type Endpoint, endpointAt } from "./runtime/endpoint.ts";
import { observeCertificates, observeRuntimes } from "./runtime/observation.ts";
import { isInRotation } from "./runtime/state.ts";
import { type Settings, SettingsError } from "./settings.ts";
import { type Certificate, CertificateError, checkDates } from "./tls/certificate.ts";
import { readCertificateFile } from "./tls/certificate-file.ts";
import { planTopology, runtimeEndpoint, type Topology } from "./topology.ts";

/** A stack as it is declared, next to what of it exists. */
export interface Situation {
  readonly declared: Declared;
  readonly observed: Observed;
}

/**
 * Works out what a stack shall be, and looks at what it is. Changes nothing.
 * @param credentials of the runtime APIs that run, where these take any
 * @throws {SettingsError} when the certificate that the config names is none
 * @throws {EngineError} when a host port or the subnet is somebody else's
 */
export async function lookAtStack(docker: Docker, settings: Settings, credentials?: Credentials): Promise<Situation> {
  const topology = planTopology(settings, engineHost());
  const config = renderConfig(topology);
  const endpoints = endpointsOf(topology, credentials);
  const [logDriver, subnet, apps, balancers, running, certificates] = await Promise.all([
    settings.logDriver === "engine" ? readLogDriver(docker) : settings.logDriver,
    observeSubnet(docker, topology.network.name),
    observeApps(docker, settings.stack),
    observeBalancers(docker, settings.stack),
    observeRuntimes(endpoints),
    settings.tls === undefined ? new Map() : observeCertificates(endpoints),
    checkPortsFree(docker, stackPorts(settings, topology), topology),
  ]);
  if (subnet !== topology.network.subnet) await checkSubnetFree(docker, topology.network);
  const certificate = await readOwnCertificate(settings, balancers);
  const { image, command, env, port, confinement } = settings.app;
  const { pids: _, ...limits } = confinement.limits; // changed on the running container
  const rollout = planRollout({
    servers: topology.servers,
    definition: definitionName({ image, command, env, port, logDriver, confinement: { ...confinement, limits } }),
    running: new Map([...apps].map(([name, { definition }]) => [name, definition])),
    serving: inRotationEverywhere([...running.values()]),
    isAllDown: running.size > 0 && [...running.values()].every(({ servers }) => !servers.some(({ isUp }) => isUp)),
    batch: settings.rollout.batch,
  });
  return {
    declared: { settings, topology, config, certificate, logDriver, rollout },
    observed: { subnet, apps, balancers, running, certificates },
  };
}

/** Where the balancers' runtime APIs answer, by container name; none where it takes credentials that are not there. */
function endpointsOf(topology: Topology, credentials: Credentials | undefined): ReadonlyMap<string, Endpoint> {
  if (topology.runtimeTls !== undefined && credentials === undefined) return new Map();
  return new Map(topology.balancers.map((balancer) => [balancer.containerName, endpointAt(runtimeEndpoint(topology, balancer), credentials)]));
}

const PEM_FILE = "a PEM file with a certificate, its chain and its key";

async function readOwnCertificate({ stack, tls }: Settings, balancers: Observed["balancers"]): Promise<Certificate | undefined> {
  if (tls?.certificate.kind !== "file") return undefined;
  const { path } = tls.certificate;
  const installed = [...balancers.values()].map(({ certificateDigest }) => certificateDigest);
  try {
    const certificate = await readCertificateFile(path);
    checkDates(certificate, installed, new Date());
    return certificate;
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new SettingsError(stack, [{ key: "tls.certificate", given: path, allowed: `${PEM_FILE}, but ${error.message}` }]);
  }
}

/** Servers that every balancer that answers has in rotation, by name. */
function inRotationEverywhere(running: readonly RunningState[]): ReadonlySet<string> {
  const [first = new Set<string>(), ...rest] = running.map(({ servers }) => new Set(servers.filter(isInRotation).map(({ name }) => name)));
  return new Set([...first].filter((name) => rest.every((serving) => serving.has(name))));
}
