import * as pulumi from "@pulumi/pulumi";
import type { SelfSignedInputs, SelfSignedState } from "./provider/self-signed.ts";

/** A shell around src/providers, as in config-file.ts. */
const provider: pulumi.dynamic.ResourceProvider<SelfSignedInputs, SelfSignedState> = {
  async create(inputs) {
    const { makeSelfSigned } = await import("./src/pulumi/provider/self-signed.ts" as string);
    return { id: inputs.stack, outs: await makeSelfSigned(inputs) };
  },
  async diff(_id, state, inputs) {
    const { selfSignedDiffers } = await import("./src/pulumi/provider/self-signed.ts" as string);
    return { changes: selfSignedDiffers(state, inputs) };
  },
  async update(_id, _state, inputs) {
    const { makeSelfSigned } = await import("./src/pulumi/provider/self-signed.ts" as string);
    return { outs: await makeSelfSigned(inputs) };
  },
};

/** A certificate for trying out, and its key. Kept in the state, so that updates do not change it. */
export class SelfSigned extends pulumi.dynamic.Resource {
  /** Certificate and key; a secret. */
  declare readonly pem: pulumi.Output<string>;
  declare readonly digest: pulumi.Output<string>;
  declare readonly fingerprint: pulumi.Output<string>;

  constructor(name: string, inputs: SelfSignedInputs, options: pulumi.CustomResourceOptions) {
    const outputs = { pem: undefined, digest: undefined, fingerprint: undefined, expires: undefined };
    super(
      provider,
      name,
      { ...inputs, ...outputs },
      { ...options, additionalSecretOutputs: ["pem"] },
      "haproxy",
      "SelfSigned",
    );
  }
}
