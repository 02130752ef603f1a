import "reflect-metadata"; // @peculiar/x509 needs it
import { ExtendedKeyUsage, X509CertificateGenerator } from "@peculiar/x509";
import { SELF_SIGNED_SUBJECT } from "./certificate.ts";
import { ALGORITHM, createKeys, exportKey, leafExtensions, validFor } from "./keys.ts";

const VALID_DAYS = 365;

/** Makes a certificate and its key in PEM, to try HTTPS out: nobody but its owner can vouch for it. */
export async function createSelfSigned(stack: string, names: readonly string[], now: Date): Promise<string> {
  const keys = await createKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ O: [SELF_SIGNED_SUBJECT.slice("/O=".length)] }, { CN: [stack] }],
    ...validFor(VALID_DAYS, now),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: leafExtensions(ExtendedKeyUsage.serverAuth, names),
  });
  return `${certificate.toString("pem")}\n${await exportKey(keys)}`;
}
