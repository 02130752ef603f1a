import "reflect-metadata"; // @peculiar/x509 needs it
import type { webcrypto } from "node:crypto";
import { isIPv4 } from "node:net";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { type Credentials, RUNTIME_CLIENT_NAME, RUNTIME_SERVER_NAME } from "../stack/endpoint.ts";
import { SELF_SIGNED_SUBJECT } from "./certificate.ts";

/** Keys and signatures of this kind have 128 bits of security, are small, and are known to every client. */
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const SELF_SIGNED_DAYS = 365;
const MUTUAL_TLS_DAYS = 730;

/** Makes a certificate and its key in PEM, to try HTTPS out: nobody but its owner can vouch for it. */
export async function createSelfSigned(stack: string, names: readonly string[], now: Date): Promise<string> {
  const keys = await createKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ O: [SELF_SIGNED_SUBJECT.slice("/O=".length)] }, { CN: [stack] }],
    ...validFor(SELF_SIGNED_DAYS, now),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: leafExtensions(ExtendedKeyUsage.serverAuth, names),
  });
  return `${certificate.toString("pem")}\n${await exportKey(keys)}`;
}

/** Both sides of mutual TLS. */
export interface MutualTls {
  /** The server's certificate, that of the authority, and the server's key, in PEM. */
  readonly server: string;
  readonly client: Credentials;
}

/**
 * Makes keys and certificates for a stack's runtime API: one server, one client, and an authority that
 * vouches for the two. It can vouch for nobody else, because its key is forgotten.
 */
export async function createMutualTls(stack: string, now: Date): Promise<MutualTls> {
  const validity = validFor(MUTUAL_TLS_DAYS, now);
  const issuer = [{ O: ["Balancer"] }, { CN: [`${stack} runtime API`] }];
  const authority = await createKeys();
  const ca = await X509CertificateGenerator.createSelfSigned({
    name: issuer,
    ...validity,
    signingAlgorithm: ALGORITHM,
    keys: authority,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  const issue = async (name: string, usage: ExtendedKeyUsage, names: readonly string[]) => {
    const keys = await createKeys();
    const certificate = await X509CertificateGenerator.create({
      subject: [{ CN: [name] }],
      issuer,
      ...validity,
      publicKey: keys.publicKey,
      signingKey: authority.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: leafExtensions(usage, names),
    });
    return { certificate: `${certificate.toString("pem")}\n`, key: await exportKey(keys) };
  };
  const server = await issue(RUNTIME_SERVER_NAME, ExtendedKeyUsage.serverAuth, [RUNTIME_SERVER_NAME]);
  const client = await issue(RUNTIME_CLIENT_NAME, ExtendedKeyUsage.clientAuth, []);
  const caPem = `${ca.toString("pem")}\n`;
  return { server: server.certificate + caPem + server.key, client: { ca: caPem, ...client } };
}

const createKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);

/** Writes a private key in PEM. */
async function exportKey({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  const key = await crypto.subtle.exportKey("pkcs8", privateKey);
  return `${PemConverter.encode(key, PemConverter.PrivateKeyTag)}\n`;
}

/** A certificate is valid from now on, for so many days. */
const validFor = (days: number, now: Date) => ({
  notBefore: now,
  notAfter: new Date(now.getTime() + days * 24 * 3_600_000),
});

/** A certificate with these extensions proves one side of a connection, and vouches for nobody else. */
const leafExtensions = (usage: ExtendedKeyUsage, names: readonly string[]): Extension[] => [
  new BasicConstraintsExtension(false, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
  new ExtendedKeyUsageExtension([usage]),
  ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names.map(nameOf))]),
];

const nameOf = (value: string) => ({ type: isIPv4(value) ? "ip" : "dns", value }) as const;
