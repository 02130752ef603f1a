import { parseCertificate } from "../../tls/certificate.ts";
import { createMutualTls } from "../../tls/mutual.ts";

/** Keys and certificates of a stack's runtime API. */
export interface RuntimeCredentialsInputs {
  readonly stack: string;
  /** Another word makes others. */
  readonly rotation: string;
}

export interface RuntimeCredentialsState extends RuntimeCredentialsInputs {
  /** The server's certificate, that of its authority, and its key; a secret. */
  readonly pem: string;
  readonly digest: string;
  readonly fingerprint: string;
  /** ISO 8601. */
  readonly expires: string;
  readonly ca: string;
  /** The client's certificate. */
  readonly certificate: string;
  /** The client's key; a secret. */
  readonly key: string;
}

export async function makeRuntimeCredentials(
  inputs: RuntimeCredentialsInputs,
): Promise<RuntimeCredentialsState> {
  const now = new Date();
  const { server, client } = await createMutualTls(inputs.stack, now);
  const { pem, digest, fingerprint, expires } = parseCertificate(server);
  return { ...inputs, pem, digest, fingerprint, expires: expires.toISOString(), ...client };
}

export const runtimeCredentialsDiffer = (
  state: RuntimeCredentialsState,
  inputs: RuntimeCredentialsInputs,
): boolean => state.rotation !== inputs.rotation;
