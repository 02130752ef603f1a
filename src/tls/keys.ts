import "reflect-metadata"; // @peculiar/x509 needs it
import type { webcrypto } from "node:crypto";
import { PemConverter } from "@peculiar/x509";

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
