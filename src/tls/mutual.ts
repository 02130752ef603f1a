import "reflect-metadata"; // @peculiar/x509 needs it
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { type Credentials, RUNTIME_CLIENT_NAME, RUNTIME_SERVER_NAME } from "../stack/endpoint.ts";
import { ALGORITHM, createKeys, exportKey, leafExtensions, validFor } from "./keys.ts";

const VALID_DAYS = 730;

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
  const validity = validFor(VALID_DAYS, now);
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
