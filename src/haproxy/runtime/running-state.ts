import type { Endpoint } from "../../stack/endpoint.ts";
import { BACKEND } from "../../stack/topology.ts";
import { CERTIFICATE_PATH } from "../container.ts";
import { type RunningState, readState } from "./client.ts";
import { RuntimeError } from "./runtime-error.ts";
import { type RunningCertificate, readRunningCertificate } from "./served-certificate.ts";

/** What each balancer runs, by the names given; those that do not answer are left out, as before the first update. */
export const observeRuntimes = (
  endpoints: ReadonlyMap<string, Endpoint>,
): Promise<ReadonlyMap<string, RunningState>> =>
  observe(endpoints, (endpoint) => readState(endpoint, BACKEND));

/** The certificate that each balancer serves, by the names given; those that serve none are left out. */
export const observeCertificates = (
  endpoints: ReadonlyMap<string, Endpoint>,
): Promise<ReadonlyMap<string, RunningCertificate>> =>
  observe(endpoints, (endpoint) => readRunningCertificate(endpoint, CERTIFICATE_PATH));

async function observe<T>(
  endpoints: ReadonlyMap<string, Endpoint>,
  look: (endpoint: Endpoint) => Promise<T | undefined>,
): Promise<ReadonlyMap<string, T>> {
  const found = await Promise.all(
    [...endpoints].map(async ([name, endpoint]) => [name, await unlessDown(() => look(endpoint))] as const),
  );
  return new Map(found.flatMap(([name, seen]) => (seen === undefined ? [] : [[name, seen] as const])));
}

async function unlessDown<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    return undefined; // that one is down; an update brings it back
  }
}
