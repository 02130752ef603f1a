import { expiresSoon, parseCertificate } from "../../tls/certificate.ts";
import { createSelfSigned } from "../../tls/self-signing.ts";

/** A certificate that Balancer makes. */
export interface SelfSignedInputs {
  readonly stack: string;
  /** DNS names and IPv4 addresses that it is good for. */
  readonly names: readonly string[];
}

export interface SelfSignedState extends SelfSignedInputs {
  /** Certificate and key; a secret. */
  readonly pem: string;
  readonly digest: string;
  readonly fingerprint: string;
  /** ISO 8601. */
  readonly expires: string;
}

export async function makeSelfSigned(inputs: SelfSignedInputs): Promise<SelfSignedState> {
  const now = new Date();
  const { pem, digest, fingerprint, expires } = parseCertificate(
    await createSelfSigned(inputs.stack, inputs.names, now),
  );
  return { ...inputs, pem, digest, fingerprint, expires: expires.toISOString() };
}

/** It stays as it is until its names change or its last 30 days begin. */
export const selfSignedDiffers = (state: SelfSignedState, inputs: SelfSignedInputs): boolean =>
  JSON.stringify(state.names) !== JSON.stringify(inputs.names) ||
  expiresSoon(new Date(state.expires), new Date());
