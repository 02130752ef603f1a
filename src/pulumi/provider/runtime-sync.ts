import { z } from "zod";
import { writeConfig } from "../../docker/config-volume.ts";
import { EngineError } from "../../docker/engine-error.ts";
import { stateFileIn } from "../../docker/state-file.ts";
import { readVolumeFile } from "../../docker/volume-command.ts";
import { CERTIFICATE_FILE, CERTIFICATE_PATH } from "../../haproxy/container.ts";
import { checkValue } from "../../haproxy/runtime/check-values.ts";
import { type RunningState, readState, unlessDown } from "../../haproxy/runtime/running-state.ts";
import { ReloadRefusedError } from "../../haproxy/runtime/runtime-error.ts";
import {
  changeRunningCertificate,
  readRunningCertificate,
} from "../../haproxy/runtime/served-certificate.ts";
import { RUNNING_SERVER } from "../../haproxy/runtime/state.ts";
import type { Report } from "../../haproxy/servers/report.ts";
import { sync } from "../../haproxy/servers/sync.ts";
import { actionsOf, planServers } from "../../haproxy/servers/update-plan.ts";
import { parseCertificate } from "../../tls/certificate.ts";
import { RUNTIME_SYNC, type RuntimeSyncInputs } from "../inputs.ts";
import {
  haproxyAt,
  markRemoved,
  type ReachableHaproxy,
  waitReachable,
  withContainerLogs,
} from "./haproxy.ts";
import { engineOf, hostOf } from "./host-of.ts";
import { made, type ResourceType } from "./resource-type.ts";

const RUNNING = z.object({
  revision: z.string(),
  /** By name, so that a preview shows drift server by server. */
  servers: z.record(z.string(), RUNNING_SERVER),
  /** Fingerprint of the certificate that is served; not there where none is declared. */
  certificate: z.string().optional(),
});
type Running = z.infer<typeof RUNNING>;

/** What HAProxy ran when it was last looked at; nothing while it is down. */
const OUTPUTS = z.object({ running: RUNNING.optional() });
type Outputs = z.infer<typeof OUTPUTS>;

type Target = Omit<RuntimeSyncInputs, "endpoint"> & ReachableHaproxy;

/** The server list that a running HAProxy has. */
export const runtimeSync: ResourceType<RuntimeSyncInputs, Outputs> = {
  inputs: RUNTIME_SYNC,
  outputs: OUTPUTS,
  whenDown: ({ haproxyContainer }) => ({ id: haproxyContainer, outputs: {} }),
  ...made(({ haproxyContainer }) => haproxyContainer, syncRuntime),
  /** One that is down is no error: `pulumi refresh` and `destroy` must work then. */
  async read(state) {
    const target = haproxyAt(state, state.credentials);
    const look = async () => withCertificate(target, await readState(target.haproxy));
    return { running: await unlessDown(look) };
  },
  differs({ running, ...state }, inputs) {
    return (
      running === undefined ||
      running.revision !== inputs.revision ||
      running.certificate !== inputs.certificate?.fingerprint ||
      state.certificate?.digest !== inputs.certificate?.digest ||
      state.haproxyContainerId !== inputs.haproxyContainerId ||
      JSON.stringify(state.endpoint) !== JSON.stringify(inputs.endpoint) ||
      state.drainTimeoutMs !== inputs.drainTimeoutMs ||
      state.readyTimeoutMs !== inputs.readyTimeoutMs ||
      // an update that ended without it left the rest as declared
      inputs.servers.some(({ name }) => !running.servers[name]?.isUp) ||
      actionsOf(planServers(inputs.servers, Object.values(running.servers), checkValue(inputs.check)))
        .length > 0
    );
  },
  /** What HAProxy has goes with its container, which is next; nobody needs to be drained there any more. */
  async delete({ haproxyContainer }) {
    markRemoved(haproxyContainer);
  },
};

/**
 * Brings the running HAProxy to what is declared. Where HAProxy refuses to reload, or the apps refuse the
 * file's check, the file of the last sync that succeeded is put back, so that a restart does not meet the
 * refused one.
 * @param last what that sync was given
 * @throws {RuntimeError | EngineError} with HAProxy's or Docker's own words
 */
async function syncRuntime(
  inputs: RuntimeSyncInputs,
  last: RuntimeSyncInputs | undefined,
  tell: Report,
): Promise<Outputs> {
  const report: Report = (line, kind) => tell(`${inputs.haproxyContainer}: ${line}`, kind);
  const target = haproxyAt(inputs, inputs.credentials);
  await waitReachable(target);
  try {
    await syncCertificate(target, last, report);
    const stateFile = stateFileIn(await engineOf(inputs), inputs.haproxyContainer);
    const running = await withContainerLogs(await hostOf(inputs), (known) =>
      sync({ ...target, ...known, stateFile }, report),
    );
    return { running: await withCertificate(target, running) };
  } catch (error) {
    if (!(error instanceof ReloadRefusedError) || last === undefined) throw error;
    const { volumeName } = last.configFile;
    await writeConfig(await engineOf(last), last.configFile, last.configFile.text);
    throw new ReloadRefusedError(
      `${error.message}; the old worker serves on, and its config is back in volume ${volumeName}`,
    );
  }
}

/**
 * Brings the certificate of the volume into the running HAProxy where it serves another. One that was loaded
 * with the file is left alone; after a change of the chain alone, which the fingerprint does not tell, it is
 * set again.
 */
async function syncCertificate(
  { haproxy, certificate, configFile }: Target,
  last: RuntimeSyncInputs | undefined,
  report: Report,
) {
  if (certificate === undefined) return;
  const served = await readRunningCertificate(haproxy, CERTIFICATE_PATH);
  if (served === undefined) return; // the worker learns the file by the reload that follows
  const isAnotherChain = last?.certificate !== undefined && last.certificate.digest !== certificate.digest;
  if (served.fingerprint === certificate.fingerprint && !isAnotherChain) return;
  const text = await readVolumeFile(await engineOf(configFile), configFile, CERTIFICATE_FILE);
  const { pem, digest } = parseCertificate(text ?? "");
  if (digest !== certificate.digest)
    throw new EngineError(
      `the certificate in volume ${configFile.volumeName} is not the declared one; run the update again`,
    );
  await changeRunningCertificate(haproxy, CERTIFICATE_PATH, pem);
  report("certificate: changed through the runtime API");
}

async function withCertificate({ haproxy, certificate }: Target, state: RunningState): Promise<Running> {
  if (certificate === undefined) return byName(state);
  const served = await readRunningCertificate(haproxy, CERTIFICATE_PATH);
  return { ...byName(state), certificate: served?.fingerprint ?? "" };
}

/** Pulumi's state has no undefined: what is not there is left out. */
function byName({ revision = "", servers }: RunningState): Running {
  const entries = servers.map(({ cookie, check, ...server }) => {
    const known = { ...(cookie !== undefined && { cookie }), ...(check !== undefined && { check }) };
    return [server.name, { ...server, ...known }] as const;
  });
  return { revision, servers: Object.fromEntries(entries) };
}
