/** Which certificate a balancer shall serve; no part of it is secret. */
export interface DeclaredCertificate {
  /** Where the PEM file is, as the config names it; empty for a certificate that Balancer made. */
  readonly path: string;
  /** Names the whole PEM. */
  readonly digest: string;
  /** SHA-1 of the leaf: hex in upper case. */
  readonly fingerprint: string;
}
