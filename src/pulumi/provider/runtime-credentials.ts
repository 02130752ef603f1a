import { z } from "zod";
import { parseCertificate } from "../../tls/certificate.ts";
import { RUNTIME_CREDENTIALS, type RuntimeCredentialsInputs } from "../inputs.ts";
import { made, type ResourceType } from "./resource-type.ts";

const OUTPUTS = z.object({
  /** The server's certificate, that of its authority, and its key; a secret. */
  pem: z.string(),
  digest: z.string(),
  fingerprint: z.string(),
  /** ISO 8601. */
  expires: z.string(),
  ca: z.string(),
  /** The client's certificate. */
  certificate: z.string(),
  /** The client's key; a secret. */
  key: z.string(),
});
type Outputs = z.infer<typeof OUTPUTS>;

/** Keys and certificates of a stack's runtime API. */
export const runtimeCredentials: ResourceType<RuntimeCredentialsInputs, Outputs> = {
  inputs: RUNTIME_CREDENTIALS,
  outputs: OUTPUTS,
  secrets: ["pem", "key"],
  ...made(({ stack }) => stack, make),
  differs: (state, inputs) => state.rotation !== inputs.rotation,
};

async function make({ stack }: RuntimeCredentialsInputs): Promise<Outputs> {
  // It takes long to read, and is seldom used.
  const { createMutualTls } = await import("../../tls/issuing.ts");
  const { server, client } = await createMutualTls(stack, new Date());
  const { pem, digest, fingerprint, expires } = parseCertificate(server);
  return { pem, digest, fingerprint, expires: expires.toISOString(), ...client };
}
