import { createHash, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { MAX_PEM_CHARS } from "../stack/buffer-limits.ts";

/** A certificate, chain and key as checked PEM: blocks of base64 alone, the leaf first and the key last. */
export type Pem = string & { readonly brand: unique symbol };

/** A certificate that a server can use. */
export interface Certificate {
  readonly pem: Pem;
  /** Names the whole PEM, so two can be compared without either text. */
  readonly digest: string;
  /** SHA-1 of the leaf, as HAProxy shows it: hex in upper case. */
  readonly fingerprint: string;
  /** All of the chain is valid from this date on, and until the next. */
  readonly validFrom: Date;
  readonly expires: Date;
}

/** A PEM file cannot be used. The message says why, and quotes no part of the file. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

const MIN_RSA_BITS = 2048;

/**
 * Checks a PEM file's text. It has one key, the certificate that belongs to it, and the chain, in which each
 * certificate is issued by the next. Everything else in the text is left out. {@link checkDates} checks the
 * dates.
 * @throws {CertificateError} The text lacks any of this.
 */
export function parseCertificate(text: string): Certificate {
  const chain = blocksOf(text, "CERTIFICATE").map(readCertificate);
  const [key, ...moreKeys] = blocksOf(text, "(?:[A-Z]+ )?PRIVATE KEY").map(readKey);
  const [leaf] = chain;
  if (leaf === undefined) throw new CertificateError("it has no certificate");
  if (key === undefined) throw new CertificateError("it has no private key");
  if (moreKeys.length > 0) throw new CertificateError("it has more than one private key");
  checkKey(key);
  if (!leaf.checkPrivateKey(key))
    throw new CertificateError("the private key is not that of the first certificate");
  checkChain(chain);
  const pem = [...chain.map(String), String(key.export({ type: "pkcs8", format: "pem" }))]
    .map((block) => `${block.trim()}\n`)
    .join("");
  if (!isPem(pem))
    throw new CertificateError(
      `it has ${pem.length} characters, and at most ${MAX_PEM_CHARS} are allowed; shorten its chain`,
    );
  return {
    pem,
    digest: digestOf(pem),
    fingerprint: leaf.fingerprint.replaceAll(":", ""),
    validFrom: new Date(Math.max(...chain.map(({ validFromDate }) => validFromDate.getTime()))),
    expires: new Date(Math.min(...chain.map(({ validToDate }) => validToDate.getTime()))),
  };
}

/**
 * Refuses a certificate whose dates clients would refuse. A certificate that all balancers have already
 * passes: after it has expired, the stack can still be scaled.
 * @param installed Digest of each balancer's certificate. Undefined for a balancer that has none.
 * @throws {CertificateError} The certificate is not valid now.
 */
export function checkDates(
  { digest, validFrom, expires }: Certificate,
  installed: readonly (string | undefined)[],
  now: Date,
): void {
  if (installed.length > 0 && installed.every((other) => other === digest)) return;
  if (expires <= now) throw new CertificateError(`a certificate in it has expired on ${formatDay(expires)}`);
  if (validFrom > now)
    throw new CertificateError(`a certificate in it is not valid before ${formatDay(validFrom)}`);
}

/** Names a PEM, or any other text that a file holds instead. */
export const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Whether a text has the form that {@link parseCertificate} gives it. */
export const isPem = (text: string): text is Pem =>
  text.length <= MAX_PEM_CHARS &&
  /^(-----BEGIN (CERTIFICATE|PRIVATE KEY)-----\n([A-Za-z0-9+/=]{1,64}\n)+-----END \2-----\n)+$/.test(text);

/** The subject of every certificate that Balancer makes begins with this, as HAProxy shows it. */
export const SELF_SIGNED_SUBJECT = "/O=Balancer self-signed";

const EXPIRES_SOON_MS = 30 * 24 * 3_600_000;

/** Whether it is time for another certificate, because 30 days are left or fewer. */
export const expiresSoon = (expires: Date, now: Date): boolean =>
  expires.getTime() - now.getTime() < EXPIRES_SOON_MS;

/** Writes a day as previews and warnings tell it. */
export const formatDay = (date: Date): string => date.toISOString().slice(0, 10);

function blocksOf(text: string, label: string): string[] {
  return [...text.matchAll(new RegExp(`^-----BEGIN (${label})-----\\r?$[^]*?^-----END \\1-----`, "gm"))].map(
    ([block]) => block,
  );
}

const readCertificate = (block: string): X509Certificate =>
  read("one of its certificates", () => new X509Certificate(block));

function readKey(block: string): KeyObject {
  if (/ENCRYPTED/.test(block))
    throw new CertificateError("its private key has a passphrase; HAProxy needs it without one");
  return read("its private key", () => createPrivateKey(block));
}

function read<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new CertificateError(`${what} cannot be read`, { cause });
  }
}

function checkKey({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): void {
  const bits = asymmetricKeyDetails?.modulusLength;
  if (asymmetricKeyType === "rsa" && bits !== undefined && bits < MIN_RSA_BITS) {
    throw new CertificateError(`its RSA key has ${bits} bits; allowed are ${MIN_RSA_BITS} and more`);
  }
}

function checkChain(chain: readonly X509Certificate[]): void {
  for (const [index, issuer] of chain.slice(1).entries()) {
    if (chain[index]?.checkIssued(issuer)) continue;
    const what = `certificate ${index + 1} is not issued by certificate ${index + 2}`;
    throw new CertificateError(`${what}; each must be followed by its issuer`);
  }
}
