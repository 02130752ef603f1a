import "reflect-metadata"; // @peculiar/x509 needs it
import type { webcrypto } from "node:crypto";
import { isIPv4 } from "node:net";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509CertificateCreateWithKeyParams,
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
  const { certificate, privateKey } = await issue({
    subject: [{ O: [SELF_SIGNED_SUBJECT.slice("/O=".length)] }, { CN: [stack] }],
    ...validFor(SELF_SIGNED_DAYS, now),
    extensions: leafExtensions(ExtendedKeyUsage.serverAuth, names),
  });
  return certificate + (await exportKey(privateKey));
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
  const { certificate: ca, privateKey: signingKey } = await issue({
    subject: issuer,
    ...validity,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  const issueLeaf = async (name: string, usage: ExtendedKeyUsage, names: readonly string[]) => {
    const extensions = leafExtensions(usage, names);
    const leaf = await issue({ subject: [{ CN: [name] }], issuer, signingKey, ...validity, extensions });
    return { certificate: leaf.certificate, key: await exportKey(leaf.privateKey) };
  };
  const server = await issueLeaf(RUNTIME_SERVER_NAME, ExtendedKeyUsage.serverAuth, [RUNTIME_SERVER_NAME]);
  const client = await issueLeaf(RUNTIME_CLIENT_NAME, ExtendedKeyUsage.clientAuth, []);
  return { server: server.certificate + ca + server.key, client: { ca, ...client } };
}

/** Makes a key and its certificate in PEM, which vouches for itself unless another signs it. */
async function issue(params: { readonly subject: JsonName } & Partial<X509CertificateCreateWithKeyParams>) {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const { publicKey, privateKey } = keys;
  const self = { issuer: params.subject, signingKey: privateKey, signingAlgorithm: ALGORITHM };
  const certificate = await X509CertificateGenerator.create({ ...self, ...params, publicKey });
  return { certificate: `${certificate.toString("pem")}\n`, privateKey };
}

/** Writes a private key in PEM. */
async function exportKey(privateKey: webcrypto.CryptoKey): Promise<string> {
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
