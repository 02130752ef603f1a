import * as pulumi from "@pulumi/pulumi";
import { CREDENTIALS, type Credentials } from "../stack/endpoint.ts";

/** Name of the stack output that has them. */
const OUTPUT = "runtimeTlsCredentials";

/**
 * The credentials of the runtime API that the stack's last update left, which are those that what runs takes; undefined
 * before the first. Read from the stack's own outputs, since those of a resource are not known while the program plans.
 */
export async function readLastCredentials(): Promise<Credentials | undefined> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const { secretValue } = await new pulumi.StackReference(name).getOutputDetails(OUTPUT);
  return CREDENTIALS.safeParse(secretValue).data;
}
