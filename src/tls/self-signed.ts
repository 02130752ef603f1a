import "reflect-metadata"; // @peculiar/x509 needs it
import { isIPv4 } from "node:net";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { SELF_SIGNED_SUBJECT } from "./certificate.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const VALID_DAYS = 365;

/** Makes a certificate and its key, in PEM, for trying out: nobody but its owner can vouch for it. */
export async function createSelfSigned(stack: string, names: readonly string[], now: Date): Promise<string> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ O: [SELF_SIGNED_SUBJECT.slice("/O=".length)] }, { CN: [stack] }],
    notBefore: now,
    notAfter: new Date(now.getTime() + VALID_DAYS * 24 * 3_600_000),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map((value) => ({ type: isIPv4(value) ? "ip" : "dns", value }))),
    ],
  });
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return `${certificate.toString("pem")}\n${PemConverter.encode(key, PemConverter.PrivateKeyTag)}\n`;
}
