import * as pulumi from "@pulumi/pulumi";
import type { RuntimeCredentialsInputs, RuntimeCredentialsState } from "./provider/runtime-credentials.ts";

/** A shell around src/providers, as in config-file.ts. */
const provider: pulumi.dynamic.ResourceProvider<RuntimeCredentialsInputs, RuntimeCredentialsState> = {
  async create(inputs) {
    const { makeRuntimeCredentials } = await import("./src/pulumi/provider/runtime-credentials.ts" as string);
    return { id: inputs.stack, outs: await makeRuntimeCredentials(inputs) };
  },
  async diff(_id, state, inputs) {
    const { runtimeCredentialsDiffer } = await import(
      "./src/pulumi/provider/runtime-credentials.ts" as string
    );
    return { changes: runtimeCredentialsDiffer(state, inputs) };
  },
  async update(_id, _state, inputs) {
    const { makeRuntimeCredentials } = await import("./src/pulumi/provider/runtime-credentials.ts" as string);
    return { outs: await makeRuntimeCredentials(inputs) };
  },
};

/** Keys and certificates of a stack's runtime API, for its server and its one client. Kept in the state as secrets. */
export class RuntimeCredentials extends pulumi.dynamic.Resource {
  /** The server's certificate with its chain and key; a secret. */
  declare readonly pem: pulumi.Output<string>;
  declare readonly digest: pulumi.Output<string>;
  declare readonly fingerprint: pulumi.Output<string>;
  declare readonly expires: pulumi.Output<string>;
  declare readonly ca: pulumi.Output<string>;
  declare readonly certificate: pulumi.Output<string>;
  /** The client's; a secret. */
  declare readonly key: pulumi.Output<string>;

  constructor(name: string, inputs: RuntimeCredentialsInputs, options: pulumi.CustomResourceOptions) {
    const outputs = { pem: undefined, digest: undefined, fingerprint: undefined, expires: undefined };
    const client = { ca: undefined, certificate: undefined, key: undefined };
    super(
      provider,
      name,
      { ...inputs, ...outputs, ...client },
      { ...options, additionalSecretOutputs: ["pem", "key"] },
      "haproxy",
      "RuntimeCredentials",
    );
  }
}
