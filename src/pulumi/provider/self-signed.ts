import { z } from "zod";
import { expiresSoon, parseCertificate } from "../../tls/certificate.ts";
import { SELF_SIGNED, type SelfSignedInputs } from "../inputs.ts";
import { made, type ResourceType } from "./resource-type.ts";

const OUTPUTS = z.object({
  /** Certificate and key; a secret. */
  pem: z.string(),
  digest: z.string(),
  fingerprint: z.string(),
  /** ISO 8601. */
  expires: z.string(),
});
type Outputs = z.infer<typeof OUTPUTS>;

/** A certificate that Balancer makes, for trying out. */
export const selfSigned: ResourceType<SelfSignedInputs, Outputs> = {
  inputs: SELF_SIGNED,
  outputs: OUTPUTS,
  secrets: ["pem"],
  ...made(({ stack }) => stack, make),
  /** It stays as it is until its names change or its last 30 days begin. */
  differs: (state, inputs) =>
    state.names.join() !== inputs.names.join() || expiresSoon(new Date(state.expires), new Date()),
};

async function make({ stack, names }: SelfSignedInputs): Promise<Outputs> {
  // It takes long to read, and is seldom used.
  const { createSelfSigned } = await import("../../tls/issuing.ts");
  const { pem, digest, fingerprint, expires } = parseCertificate(
    await createSelfSigned(stack, names, new Date()),
  );
  return { pem, digest, fingerprint, expires: expires.toISOString() };
}
