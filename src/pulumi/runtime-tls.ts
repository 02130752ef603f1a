import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../stack/settings.ts";
import { expiresSoon, formatDay } from "../tls/certificate.ts";
import { RuntimeCredentials } from "./provided.ts";

/** What the runtime API by mutual TLS takes, on all balancers of a stack. */
export type StackRuntimeTls = NonNullable<ReturnType<typeof createRuntimeTls>>;

/** Declares keys and certificates of the runtime API; undefined where it is plain alone. */
export function createRuntimeTls({ stack, runtimeTls }: Settings, parent: pulumi.Resource) {
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
    /** The server's certificate with its chain and key; a secret. */
    pem,
    ca,
    client: pulumi.secret({ ca, certificate, key }),
    /** Names the rotation and its keys; another one takes another container. */
    generation: pulumi.interpolate`${rotation} ${fingerprint}`,
  };
}
