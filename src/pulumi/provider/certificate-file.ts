import { removeFiles, writeCertificate, writeRuntimeCa } from "../../docker/config-volume.ts";
import { connectEngine } from "../../docker/engine.ts";
import { EngineError } from "../../docker/engine-error.ts";
import { type ConfigVolume, readVolumeFile } from "../../docker/volume-command.ts";
import { RUNTIME_CA_FILE } from "../../haproxy/container.ts";
import { digestOf, parseCertificate } from "../../tls/certificate.ts";
import type { DeclaredCertificate } from "../../tls/declared.ts";
import { readCertificateFile } from "../../tls/pem-file.ts";

/** A certificate in a balancer's volume. */
export interface CertificateFileInputs extends ConfigVolume {
  /** The file's name in the volume. */
  readonly name: string;
  readonly certificate: DeclaredCertificate;
  /** The PEM of a certificate that Balancer made, a secret; the user's own is read where it is, and is in no state. */
  readonly pem?: string;
  /** For the runtime API: the authority of its clients. */
  readonly ca?: string;
}

export interface CertificateFileState extends Omit<CertificateFileInputs, "pem"> {
  /** Names what the volume has; empty where it has nothing. */
  readonly digest: string;
}

/** Checks and writes the file. */
export async function installCertificate(inputs: CertificateFileInputs): Promise<CertificateFileState> {
  const { pem, ...rest } = inputs;
  const { path, digest } = inputs.certificate;
  const found = pem === undefined ? await readCertificateFile(path) : parseCertificate(pem);
  if (found.digest !== digest)
    throw new EngineError(`${path} has changed since this update began; run it again`);
  const docker = await connectEngine();
  await writeCertificate(docker, inputs, inputs.name, found.pem);
  if (inputs.ca !== undefined) await writeRuntimeCa(docker, inputs, inputs.ca);
  return { ...rest, digest };
}

/** What the volume has. */
export async function readInstalled(state: CertificateFileState): Promise<CertificateFileState> {
  const text = await readVolumeFile(await connectEngine(), state, state.name);
  return { ...state, digest: text === undefined ? "" : digestOf(text) };
}

/** The key does not outlive its use. */
export async function deleteCertificate(state: CertificateFileState): Promise<void> {
  await removeFiles(await connectEngine(), state, [
    state.name,
    ...(state.ca === undefined ? [] : [RUNTIME_CA_FILE]),
  ]);
}

/** Another image may have another number for HAProxy's user, to whom the file belongs. */
export const certificateFileDiffers = (state: CertificateFileState, inputs: CertificateFileInputs): boolean =>
  state.digest !== inputs.certificate.digest ||
  state.image !== inputs.image ||
  state.volumeName !== inputs.volumeName;
