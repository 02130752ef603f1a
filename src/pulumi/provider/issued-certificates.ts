import { z } from "zod";
import { expiresSoon, parseCertificate } from "../../tls/certificate.ts";
import {
  RUNTIME_CREDENTIALS,
  type RuntimeCredentialsInputs,
  SELF_SIGNED,
  type SelfSignedInputs,
} from "../inputs.ts";
import { made, type ResourceType } from "./resource-type.ts";

const CERTIFICATE = z.object({
  /** The certificate with its chain and its key; a secret. */
  pem: z.string(),
  digest: z.string(),
  fingerprint: z.string(),
  /** ISO 8601. */
  expires: z.string(),
});

function describe(text: string): z.infer<typeof CERTIFICATE> {
  const { pem, digest, fingerprint, expires } = parseCertificate(text);
  return { pem, digest, fingerprint, expires: expires.toISOString() };
}

/** What makes certificates takes long to read, and is seldom used. */
const issuing = () => import("../../tls/issuing.ts");

/** A certificate that Balancer makes, for trying out. */
export const selfSigned: ResourceType<SelfSignedInputs, z.infer<typeof CERTIFICATE>> = {
  inputs: SELF_SIGNED,
  outputs: CERTIFICATE,
  secrets: ["pem"],
  ...made(
    ({ stack }) => stack,
    async ({ stack, names }) => describe(await (await issuing()).createSelfSigned(stack, names, new Date())),
  ),
  /** It stays as it is until its names change or its last 30 days begin. */
  differs: (state, inputs) =>
    state.names.join() !== inputs.names.join() || expiresSoon(new Date(state.expires), new Date()),
};

const CREDENTIALS = CERTIFICATE.extend({
  ca: z.string(),
  /** The client's certificate. */
  certificate: z.string(),
  /** The client's key; a secret. */
  key: z.string(),
});

/** Keys and certificates of a stack's runtime API. */
export const runtimeCredentials: ResourceType<RuntimeCredentialsInputs, z.infer<typeof CREDENTIALS>> = {
  inputs: RUNTIME_CREDENTIALS,
  outputs: CREDENTIALS,
  secrets: ["pem", "key"],
  ...made(
    ({ stack }) => stack,
    async ({ stack }) => {
      const { server, client } = await (await issuing()).createMutualTls(stack, new Date());
      return { ...describe(server), ...client };
    },
  ),
  differs: (state, inputs) => state.rotation !== inputs.rotation,
};
