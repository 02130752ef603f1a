import type Docker from "dockerode";
import type { Declared, Observed } from "./changes.ts";
import { engineHost } from "./engine/connection.ts";
import { definitionName } from "./engine/labels.ts";
import { type ObservedApp, observeApps, observeBalancers, readLogDriver } from "./engine/observation.ts";
import { renderConfig } from "./haproxy/config.ts";
import { planRollout } from "./rollout.ts";
import type { RunningState } from "./runtime/client.ts";
import { type Credentials, type Endpoint, endpointAt } from "./runtime/endpoint.ts";
import { observeCertificates, observeRuntimes } from "./runtime/observation.ts";
import { type Settings, SettingsError } from "./settings.ts";
import { type Certificate, CertificateError, checkDates } from "./tls/certificate.ts";
import { readCertificateFile } from "./tls/certificate-file.ts";
import { planTopology, runtimeEndpoint, type Topology } from "./topology.ts";

/** A stack as it is declared, next to what of it exists. */
export interface Situation {
  readonly declared: Declared;
  readonly observed: Observed;
  readonly apps: ReadonlyMap<string, ObservedApp>;
}

/**
 * Works out what a stack shall be, and looks at what it is. Changes nothing.
 * @param credentials of the runtime APIs that run, where these take any
 * @throws {SettingsError} when the certificate that the config names is none
 */
export async function lookAtStack(docker: Docker, settings: Settings, credentials?: Credentials): Promise<Situation> {
  const topology = planTopology(settings, engineHost());
  const config = renderConfig(topology);
  const endpoints = endpointsOf(topology, credentials);
  const [logDriver, apps, balancers, running, certificates] = await Promise.all([
    settings.logDriver === "engine" ? readLogDriver(docker) : settings.logDriver,
    observeApps(docker, settings.stack),
    observeBalancers(docker, settings.stack),
    observeRuntimes(endpoints),
    settings.tls === undefined ? new Map() : observeCertificates(endpoints),
  ]);
  const certificate = await readOwnCertificate(settings, balancers);
  const { image, command, env, confinement } = settings.app;
  const { pids: _, ...limits } = confinement.limits; // changed on the running container
  const rollout = planRollout({
    servers: topology.servers,
    definition: definitionName({ image, command, env, logDriver, confinement: { ...confinement, limits } }),
    running: new Map([...apps].map(([name, { definition }]) => [name, definition])),
    up: upEverywhere([...running.values()]),
    batch: settings.rollout.batch,
  });
  return { declared: { settings, topology, config, certificate, logDriver, rollout }, observed: { balancers, running, certificates }, apps };
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

/** Servers that every balancer that answers reports up, by name. */
function upEverywhere(running: readonly RunningState[]): ReadonlySet<string> {
  const [first = new Set<string>(), ...rest] = running.map(({ servers }) => new Set(servers.flatMap(({ name, isUp }) => (isUp ? [name] : []))));
  return new Set([...first].filter((name) => rest.every((up) => up.has(name))));
}
