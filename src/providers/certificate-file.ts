import { readCertificate, removeCertificate, writeCertificate } from "../engine/config-volume.ts";
import { connectEngine } from "../engine/connection.ts";
import { EngineError } from "../engine/error.ts";
import type { ConfigVolume } from "../engine/volume-command.ts";
import { digestOf, parseCertificate } from "../tls/certificate.ts";
import { readCertificateFile } from "../tls/certificate-file.ts";
import type { DeclaredCertificate } from "../tls/declared.ts";

/** The certificate of HTTPS in a balancer's volume. */
export interface CertificateFileInputs extends ConfigVolume {
  readonly certificate: DeclaredCertificate;
  /** The PEM of a certificate that Balancer made, a secret; the user's own is read where it is, and is in no state. */
  readonly pem?: string;
}

export interface CertificateFileState extends Omit<CertificateFileInputs, "pem"> {
  /** Names what the volume has; empty where it has nothing. */
  readonly digest: string;
}

/** Checks and writes the file. */
export async function installCertificate(inputs: CertificateFileInputs): Promise<CertificateFileState> {
  const { certificate: declared, pem, ...volume } = inputs;
  const now = new Date();
  const found = pem === undefined ? await readCertificateFile(declared.path, now) : parseCertificate(pem, now);
  if (found.digest !== declared.digest) throw new EngineError(`${declared.path} has changed since this update began; run it again`);
  await writeCertificate(await connectEngine(), volume, found.pem);
  return { ...volume, certificate: declared, digest: found.digest };
}

/** What the volume has. */
export async function readInstalled(state: CertificateFileState): Promise<CertificateFileState> {
  const text = await readCertificate(await connectEngine(), state);
  return { ...state, digest: text === undefined ? "" : digestOf(text) };
}

/** The key does not outlive HTTPS. */
export async function deleteCertificate(state: CertificateFileState): Promise<void> {
  await removeCertificate(await connectEngine(), state);
}

/** Another image may have another number for HAProxy's user, to whom the file belongs. */
export const certificateFileDiffers = (state: CertificateFileState, inputs: CertificateFileInputs): boolean =>
  state.digest !== inputs.certificate.digest || state.image !== inputs.image || state.volumeName !== inputs.volumeName;
