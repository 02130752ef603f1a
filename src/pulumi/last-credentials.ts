import * as pulumi from "@pulumi/pulumi";
import { CREDENTIALS } from "../stack/endpoint.ts";

let ownStack: pulumi.StackReference | undefined;

/**
 * The credentials of the runtime API that the stack's last update left, which are those that what runs takes;
 * undefined before the first. Read from the stack's own outputs, since those of a resource are not known
 * while the program plans.
 * @param output name of the stack output that has them
 */
export async function readLastCredentials(output = "runtimeTlsCredentials") {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  ownStack ??= new pulumi.StackReference(name);
  const { secretValue } = await ownStack.getOutputDetails(output);
  return CREDENTIALS.safeParse(secretValue).data;
}
