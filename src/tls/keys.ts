import "reflect-metadata"; // @peculiar/x509 needs it
import type { webcrypto } from "node:crypto";
import { PemConverter } from "@peculiar/x509";

/** What keys are for, and how they sign: 128 bits of security, small, and known to every client. */
export const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

export const createKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);

/** A private key in PEM. */
export async function exportKey({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  return `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", privateKey), PemConverter.PrivateKeyTag)}\n`;
}

/** From now on, for so many days. */
export const validFor = (days: number, now: Date) => ({
  notBefore: now,
  notAfter: new Date(now.getTime() + days * 24 * 3_600_000),
});
