import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../stack/settings.ts";
import { LOOPBACK } from "../stack/topology.ts";
import type { Certificate } from "../tls/certificate.ts";
import type { DeclaredCertificate } from "./inputs.ts";
import { SelfSigned } from "./provided.ts";

/** The certificate that all balancers of a stack serve. */
export interface StackCertificate {
  readonly declared: pulumi.Input<DeclaredCertificate>;
  /** Undefined where the user has the PEM in a file. */
  readonly pem: pulumi.Output<string> | undefined;
}

/**
 * Declares the certificate of HTTPS; undefined where HTTP alone is served.
 * @param own the user's own certificate, where the config names a file
 */
export function createCertificate(
  { stack, tls, bind }: Settings,
  own: Certificate | undefined,
  parent: pulumi.Resource,
): StackCertificate | undefined {
  if (tls?.certificate.kind === "file" && own !== undefined) {
    const { digest, fingerprint } = own;
    return { declared: { path: tls.certificate.path, digest, fingerprint }, pem: undefined };
  }
  if (tls?.certificate.kind !== "self-signed") return undefined;
  const names = [...new Set(["localhost", LOOPBACK, ...(bind === "0.0.0.0" ? [] : [bind])])];
  const { digest, fingerprint, pem } = new SelfSigned(`${stack}-self-signed`, { stack, names }, { parent });
  return { declared: pulumi.output({ path: "", digest, fingerprint }), pem };
}
