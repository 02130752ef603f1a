import * as pulumi from "@pulumi/pulumi";
import type { Credentials } from "../stack/endpoint.ts";
import type { Settings } from "../stack/settings.ts";
import { expiresSoon, formatDay } from "../tls/certificate.ts";
import type { DeclaredCertificate } from "./inputs.ts";
import { RuntimeCredentials } from "./provided.ts";

/** What the runtime API by mutual TLS takes, on all balancers of a stack. */
export interface StackRuntimeTls {
  readonly certificate: pulumi.Output<DeclaredCertificate>;
  /** The server's certificate with its chain and key; a secret. */
  readonly pem: pulumi.Output<string>;
  readonly ca: pulumi.Output<string>;
  /** A secret. */
  readonly client: pulumi.Output<Credentials>;
  /** Names the rotation and its keys; another one takes another container. */
  readonly generation: pulumi.Output<string>;
}

/** Declares keys and certificates of the runtime API; undefined where it is plain alone. */
export function createRuntimeTls(
  { stack, runtimeTls }: Settings,
  parent: pulumi.Resource,
): StackRuntimeTls | undefined {
  if (runtimeTls === undefined) return undefined;
  const { rotation } = runtimeTls;
  const made = new RuntimeCredentials(`${stack}-runtime-credentials`, { stack, rotation }, { parent });
  const { pem, digest, fingerprint, ca, certificate, key } = made;
  made.expires.apply((text) => {
    const expires = new Date(text);
    if (!expiresSoon(expires, new Date())) return;
    const what = `the certificates of the runtime API expire on ${formatDay(expires)}`;
    pulumi.log.warn(`${what}; set runtimeTls.rotation to another word`);
  });
  return {
    certificate: pulumi.output({ path: "", digest, fingerprint }),
    pem,
    ca,
    client: pulumi.secret({ ca, certificate, key }),
    generation: pulumi.interpolate`${rotation} ${fingerprint}`,
  };
}
