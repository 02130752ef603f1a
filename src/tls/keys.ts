import "reflect-metadata"; // @peculiar/x509 needs it
import type { webcrypto } from "node:crypto";
import { isIPv4 } from "node:net";
import {
  BasicConstraintsExtension,
  type ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";

/** Keys and signatures of this kind have 128 bits of security, are small, and are known to every client. */
export const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

export const createKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);

/** Writes a private key in PEM. */
export async function exportKey({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  const key = await crypto.subtle.exportKey("pkcs8", privateKey);
  return `${PemConverter.encode(key, PemConverter.PrivateKeyTag)}\n`;
}

/** A certificate is valid from now on, for so many days. */
export const validFor = (days: number, now: Date) => ({
  notBefore: now,
  notAfter: new Date(now.getTime() + days * 24 * 3_600_000),
});

/** A certificate with these extensions proves one side of a connection, and vouches for nobody else. */
export const leafExtensions = (usage: ExtendedKeyUsage, names: readonly string[]): Extension[] => [
  new BasicConstraintsExtension(false, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
  new ExtendedKeyUsageExtension([usage]),
  ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names.map(nameOf))]),
];

const nameOf = (value: string) => ({ type: isIPv4(value) ? "ip" : "dns", value }) as const;
