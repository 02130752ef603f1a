import * as pulumi from "@pulumi/pulumi";
import type { ServingInputs } from "./provider/serving.ts";

/** A shell around src/providers, as in config-file.ts. */
const provider: pulumi.dynamic.ResourceProvider<ServingInputs, ServingInputs> = {
  async create(inputs) {
    const { proveServing } = await import("./src/pulumi/provider/serving.ts" as string);
    return { id: inputs.haproxyContainer, outs: await proveServing(inputs) };
  },
  async diff(_id, state, inputs) {
    return { changes: state.haproxyContainerId !== inputs.haproxyContainerId };
  },
  async update(_id, _state, inputs) {
    const { proveServing } = await import("./src/pulumi/provider/serving.ts" as string);
    return { outs: await proveServing(inputs) };
  },
};

/** The proof that a HAProxy container which was just created or replaced serves; the next balancer is replaced after it. */
export class Serving extends pulumi.dynamic.Resource {
  constructor(
    name: string,
    inputs: pulumi.Inputs & Record<keyof ServingInputs, pulumi.Input<unknown>>,
    options: pulumi.CustomResourceOptions,
  ) {
    super(provider, name, inputs, options, "haproxy", "Serving");
  }
}
