import type Docker from "dockerode";
import type { Declared, Observed } from "./changes.ts";
import { definitionName } from "./engine/labels.ts";
import { type ObservedApp, observeApps, observeBalancers } from "./engine/observation.ts";
import { renderConfig } from "./haproxy/config.ts";
import { planRollout } from "./rollout.ts";
import type { RunningState } from "./runtime/client.ts";
import { observeCertificates, observeRuntimes } from "./runtime/observation.ts";
import { type Settings, SettingsError } from "./settings.ts";
import { type Certificate, CertificateError } from "./tls/certificate.ts";
import { readCertificateFile } from "./tls/certificate-file.ts";
import { planTopology, runtimeEndpoint } from "./topology.ts";

/** A stack as it is declared, next to what of it exists. */
export interface Situation {
  readonly declared: Declared;
  readonly observed: Observed;
  readonly apps: ReadonlyMap<string, ObservedApp>;
}

/**
 * Works out what a stack shall be, and looks at what it is. Changes nothing.
 * @throws {SettingsError} when the certificate that the config names is none
 */
export async function lookAtStack(docker: Docker, settings: Settings): Promise<Situation> {
  const topology = planTopology(settings);
  const config = renderConfig(topology);
  const certificate = await readOwnCertificate(settings);
  const endpoints = new Map(topology.balancers.map((balancer) => [balancer.containerName, runtimeEndpoint(balancer)]));
  const [apps, balancers, running, certificates] = await Promise.all([
    observeApps(docker, settings.stack),
    observeBalancers(docker, settings.stack),
    observeRuntimes(endpoints),
    settings.tls === undefined ? new Map() : observeCertificates(endpoints),
  ]);
  const { image, command, env, confinement } = settings.app;
  const { pids: _, ...limits } = confinement.limits; // changed on the running container
  const rollout = planRollout({
    servers: topology.servers,
    definition: definitionName({ image, command, env, confinement: { ...confinement, limits } }),
    running: new Map([...apps].map(([name, { definition }]) => [name, definition])),
    up: upEverywhere([...running.values()]),
    batch: settings.rollout.batch,
  });
  return { declared: { settings, topology, config, certificate, rollout }, observed: { balancers, running, certificates }, apps };
}

const PEM_FILE = "a PEM file with a certificate, its chain and its key";

async function readOwnCertificate({ stack, tls }: Settings): Promise<Certificate | undefined> {
  if (tls?.certificate.kind !== "file") return undefined;
  const { path } = tls.certificate;
  try {
    return await readCertificateFile(path, new Date());
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
