import { writeConfig } from "../../docker/config-volume.ts";
import { connectEngine } from "../../docker/engine.ts";
import { EngineError } from "../../docker/engine-error.ts";
import { readVolumeFile } from "../../docker/volume-command.ts";
import { CERTIFICATE_FILE, CERTIFICATE_PATH } from "../../haproxy/container.ts";
import { type RunningState, readState } from "../../haproxy/runtime/client.ts";
import { ReloadRefusedError, RuntimeError } from "../../haproxy/runtime/runtime-error.ts";
import {
  changeRunningCertificate,
  readRunningCertificate,
} from "../../haproxy/runtime/served-certificate.ts";
import type { RunningServer } from "../../haproxy/runtime/state.ts";
import { actionsOf, planServers } from "../../haproxy/servers/plan.ts";
import type { Report } from "../../haproxy/servers/report.ts";
import { sync } from "../../haproxy/servers/sync.ts";
import type { Credentials } from "../../stack/endpoint.ts";
import { BACKEND, type Server } from "../../stack/topology.ts";
import { parseCertificate } from "../../tls/certificate.ts";
import type { DeclaredCertificate } from "../../tls/declared.ts";
import type { ConfigFileInputs } from "./config-file.ts";
import { endWithParent } from "./end-with-parent.ts";
import { type Haproxy, type HaproxyAddress, haproxyAt, waitReachable, withContainerLogs } from "./haproxy.ts";

/** What one balancer shall run. */
export interface RuntimeSyncInputs extends HaproxyAddress {
  /** Docker's id of the HAProxy container: a new container is synced anew. */
  readonly haproxyContainerId: string;
  readonly revision: string;
  /** Servers whose containers this update replaces; the gates took them out of HAProxy. A refresh has none. */
  readonly replaced?: readonly string[];
  readonly servers: readonly Server[];
  /** The file that a reload loads. */
  readonly configFile: ConfigFileInputs;
  /** The certificate of HTTPS, which is in the same volume; undefined where HTTP alone is served. */
  readonly certificate?: DeclaredCertificate | undefined;
  /** Of the runtime API, where it takes any; a secret. */
  readonly credentials?: Credentials | undefined;
  readonly drainTimeoutMs: number;
  readonly readyTimeoutMs: number;
}

type Target = Omit<RuntimeSyncInputs, "endpoint"> & Haproxy;

/** What it ran when it was last looked at. */
export interface RuntimeSyncState extends RuntimeSyncInputs {
  /** Undefined while HAProxy is down. */
  readonly running?: Running | undefined;
}

/** Servers by name, so that a preview shows drift server by server. */
interface Running {
  readonly revision: string;
  readonly servers: Readonly<Record<string, RunningServer>>;
  /** Fingerprint of the certificate that is served; not there where none is declared. */
  readonly certificate?: string;
}

/**
 * Brings the running HAProxy to what is declared. Where HAProxy refuses to reload, the file of the last sync that
 * succeeded is put back, so that a restart does not meet the refused one.
 * @param last what that sync was given
 * @throws {RuntimeError | EngineError} with HAProxy's or Docker's own words
 */
export async function syncRuntime(
  inputs: RuntimeSyncInputs,
  last?: RuntimeSyncInputs,
): Promise<RuntimeSyncState> {
  endWithParent();
  const target = haproxyAt(inputs, inputs.credentials);
  await waitReachable(target);
  const report: Report = (line) => console.log(`${inputs.haproxyContainer}: ${line}`);
  try {
    await syncCertificate(target, last, report);
    const running = await withContainerLogs(() => sync(target, report));
    return { ...inputs, running: await withCertificate(target, running) };
  } catch (error) {
    if (!(error instanceof ReloadRefusedError) || last === undefined) throw error;
    await writeConfig(await connectEngine(), last.configFile, last.configFile.text);
    throw new ReloadRefusedError(
      `${error.message}; the old worker serves on, and its config is back in volume ${last.configFile.volumeName}`,
    );
  }
}

/** Looks what HAProxy runs. One that is down is no error: `pulumi refresh` and `destroy` must work then. */
export async function readRuntime(state: RuntimeSyncState): Promise<RuntimeSyncState> {
  try {
    const target = haproxyAt(state, state.credentials);
    return { ...state, running: await withCertificate(target, await readState(target.endpoint, BACKEND)) };
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    const { running: _, ...declared } = state;
    return declared;
  }
}

/** Whether an update has something to do: the declaration changed, or what runs is not as declared. */
export function runtimeDiffers(state: RuntimeSyncState, inputs: RuntimeSyncInputs): boolean {
  const { running } = state;
  return (
    running === undefined ||
    (inputs.replaced ?? []).length > 0 ||
    running.revision !== inputs.revision ||
    running.certificate !== inputs.certificate?.fingerprint ||
    state.certificate?.digest !== inputs.certificate?.digest ||
    state.haproxyContainerId !== inputs.haproxyContainerId ||
    JSON.stringify(state.endpoint) !== JSON.stringify(inputs.endpoint) ||
    state.drainTimeoutMs !== inputs.drainTimeoutMs ||
    state.readyTimeoutMs !== inputs.readyTimeoutMs ||
    // an update that ended without it left the rest as declared
    inputs.servers.some(({ name }) => !running.servers[name]?.isUp) ||
    actionsOf(planServers(inputs.servers, Object.values(running.servers))).length > 0
  );
}

/**
 * Brings the certificate of the volume into the running HAProxy where it serves another. One that was loaded with the
 * file is left alone; after a change of the chain alone, which the fingerprint does not tell, it is set again.
 */
async function syncCertificate(
  { endpoint, certificate, configFile }: Target,
  last: RuntimeSyncInputs | undefined,
  report: Report,
) {
  if (certificate === undefined) return;
  const served = await readRunningCertificate(endpoint, CERTIFICATE_PATH);
  if (served === undefined) return; // the worker does not know the file yet, the reload that follows brings it
  const isAnotherChain = last?.certificate !== undefined && last.certificate.digest !== certificate.digest;
  if (served.fingerprint === certificate.fingerprint && !isAnotherChain) return;
  const text = await readVolumeFile(await connectEngine(), configFile, CERTIFICATE_FILE);
  const { pem, digest } = parseCertificate(text ?? "");
  if (digest !== certificate.digest)
    throw new EngineError(
      `the certificate in volume ${configFile.volumeName} is not the declared one; run the update again`,
    );
  await changeRunningCertificate(endpoint, CERTIFICATE_PATH, pem);
  report("certificate: changed through the runtime API");
}

async function withCertificate({ endpoint, certificate }: Target, state: RunningState): Promise<Running> {
  if (certificate === undefined) return byName(state);
  const served = await readRunningCertificate(endpoint, CERTIFICATE_PATH);
  return { ...byName(state), certificate: served?.fingerprint ?? "" };
}

/** Pulumi's state has no undefined: what is not there is left out. */
function byName({ revision = "", servers }: RunningState): Running {
  const entries = servers.map(
    ({ cookie, ...server }) => [server.name, cookie === undefined ? server : { ...server, cookie }] as const,
  );
  return { revision, servers: Object.fromEntries(entries) };
}
