import "reflect-metadata"; // @peculiar/x509 needs it
import type { webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const rsa = (modulusLength: number) => ({
  name: "RSASSA-PKCS1-v1_5",
  modulusLength,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: "SHA-256",
});
const DAY_MS = 24 * 3_600_000;

/** What a certificate shall be. */
export interface Wish {
  readonly name?: string;
  /** From when on it is valid, and how long, in days from now. */
  readonly fromDay?: number;
  readonly toDay?: number;
  /** With an RSA key of so many bits instead of an EC one. */
  readonly rsaBits?: number;
}

/** A certificate and its key, in PEM. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
  /** Both, as `tls.certificate` takes them. */
  readonly pem: string;
}

/** A certificate authority of a test's own. */
export class Authority {
  readonly certificate: string;
  readonly #certificate: X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(certificate: X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.#certificate = certificate;
    this.#keys = keys;
    this.certificate = `${certificate.toString("pem")}\n`;
  }

  static async create(name = "Test authority"): Promise<Authority> {
    const keys = await crypto.subtle.generateKey(EC, true, ["sign", "verify"]);
    const extensions = [new BasicConstraintsExtension(true, undefined, true)];
    const dates = {
      notBefore: new Date(Date.now() - 1000 * DAY_MS),
      notAfter: new Date(Date.now() + 1000 * DAY_MS),
    };
    return new Authority(
      await X509CertificateGenerator.createSelfSigned({
        name: `CN=${name}`,
        ...dates,
        signingAlgorithm: EC,
        keys,
        extensions,
      }),
      keys,
    );
  }

  /** Issues a certificate for `localhost` and `127.0.0.1`. */
  async issue({ name = "localhost", fromDay = -1, toDay = 100, rsaBits }: Wish = {}): Promise<Issued> {
    const keys = await crypto.subtle.generateKey(rsaBits === undefined ? EC : rsa(rsaBits), true, [
      "sign",
      "verify",
    ]);
    const issued = await X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: this.#certificate.subject,
      notBefore: new Date(Date.now() + fromDay * DAY_MS),
      notAfter: new Date(Date.now() + toDay * DAY_MS),
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: EC,
      extensions: [
        new SubjectAlternativeNameExtension([
          { type: "dns", value: "localhost" },
          { type: "ip", value: "127.0.0.1" },
        ]),
      ],
    });
    const certificate = `${issued.toString("pem")}\n`;
    const own = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
    const key = `${PemConverter.encode(own, PemConverter.PrivateKeyTag)}\n`;
    return { certificate, key, pem: certificate + key };
  }
}
