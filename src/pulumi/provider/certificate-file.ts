import { z } from "zod";
import { removeFiles, writeCertificate, writeRuntimeCa } from "../../docker/config-volume.ts";
import { EngineError } from "../../docker/engine-error.ts";
import { readVolumeFile } from "../../docker/volume-command.ts";
import { RUNTIME_CA_FILE } from "../../haproxy/container.ts";
import { digestOf, parseCertificate } from "../../tls/certificate.ts";
import { readCertificateFile } from "../../tls/pem-file.ts";
import { CERTIFICATE_FILE_INPUTS, type CertificateFileInputs } from "../inputs.ts";
import { engineOf } from "./host-of.ts";
import { made, type ResourceType } from "./resource-type.ts";

interface Outputs {
  /** Names what the volume has; empty where it has nothing. */
  readonly digest: string;
}

/** A certificate with its key in a balancer's volume. */
export const certificateFile: ResourceType<CertificateFileInputs, Outputs> = {
  inputs: CERTIFICATE_FILE_INPUTS,
  outputs: z.object({ digest: z.string() }),
  replacedFor: ["volumeName"],
  whenDown: ({ volumeName }) => ({ id: volumeName, outputs: { digest: "" } }),
  ...made(({ volumeName }) => volumeName, install),
  async read(state) {
    const text = await readVolumeFile(await engineOf(state), state, state.name);
    return { digest: text === undefined ? "" : digestOf(text) };
  },
  /** Another image may have another number for HAProxy's user, to whom the file belongs. */
  differs: (state, inputs) => state.digest !== inputs.certificate.digest || state.image !== inputs.image,
  /** The key does not outlive its use. */
  async delete(state) {
    const names = [state.name, ...(state.ca === undefined ? [] : [RUNTIME_CA_FILE])];
    await removeFiles(await engineOf(state), state, names);
  },
};

async function install(inputs: CertificateFileInputs): Promise<Outputs> {
  const { path, digest } = inputs.certificate;
  const found = inputs.pem === undefined ? await readCertificateFile(path) : parseCertificate(inputs.pem);
  if (found.digest !== digest)
    throw new EngineError(`${path} has changed since this update began; run it again`);
  const docker = await engineOf(inputs);
  await writeCertificate(docker, inputs, inputs.name, found.pem);
  if (inputs.ca !== undefined) await writeRuntimeCa(docker, inputs, inputs.ca);
  return { digest };
}
