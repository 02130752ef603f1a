import * as pulumi from "@pulumi/pulumi";
import type { RolloutGateInputs } from "./provider/rollout-gate.ts";

/** A shell around src/providers, as in config-file.ts. */
const provider: pulumi.dynamic.ResourceProvider<RolloutGateInputs, RolloutGateInputs> = {
  async create(inputs) {
    return { id: "gate", outs: inputs };
  },
  async diff(_id, _state, inputs) {
    const { gateHasWork } = await import("./src/pulumi/provider/rollout-gate.ts" as string);
    return { changes: gateHasWork(inputs) };
  },
  async update(_id, _state, inputs) {
    const { passGate } = await import("./src/pulumi/provider/rollout-gate.ts" as string);
    return { outs: await passGate(inputs) };
  },
};

/**
 * Stands before an app container. When the container is about to be replaced, it is updated first: it proves that the
 * containers replaced before serve, and takes this one out of rotation.
 */
export class RolloutGate extends pulumi.dynamic.Resource {
  constructor(
    name: string,
    inputs: pulumi.Inputs & Record<keyof RolloutGateInputs, pulumi.Input<unknown>>,
    options: pulumi.CustomResourceOptions,
  ) {
    super(provider, name, inputs, options, "haproxy", "RolloutGate");
  }
}
