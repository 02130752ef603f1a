/** Names the certificate that a balancer shall serve. No part of it is secret. */
export interface DeclaredCertificate {
  /** Path of the PEM file as the config has it. Empty for a certificate that Balancer made. */
  readonly path: string;
  /** Names the whole PEM. */
  readonly digest: string;
  /** SHA-1 of the leaf: hex in upper case. */
  readonly fingerprint: string;
}
