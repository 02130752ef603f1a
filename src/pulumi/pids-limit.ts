import * as pulumi from "@pulumi/pulumi";
import type { PidsLimitInputs } from "./provider/pids-limit.ts";

/** A shell around src/providers, as in config-file.ts. */
const provider: pulumi.dynamic.ResourceProvider<PidsLimitInputs, PidsLimitInputs> = {
  async create(inputs) {
    const { limitPids } = await import("./src/pulumi/provider/pids-limit.ts" as string);
    return { id: "pids", outs: await limitPids(inputs) };
  },
  async diff(_id, state, inputs) {
    const { pidsLimitDiffers } = await import("./src/pulumi/provider/pids-limit.ts" as string);
    return { changes: pidsLimitDiffers(state, inputs) };
  },
  async update(_id, _state, inputs) {
    const { limitPids } = await import("./src/pulumi/provider/pids-limit.ts" as string);
    return { outs: await limitPids(inputs) };
  },
};

/** How many processes and threads containers may have, which the Docker provider cannot say. */
export class PidsLimit extends pulumi.dynamic.Resource {
  constructor(
    name: string,
    inputs: pulumi.Inputs & Record<keyof PidsLimitInputs, pulumi.Input<unknown>>,
    options: pulumi.CustomResourceOptions,
  ) {
    super(provider, name, inputs, options, "haproxy", "PidsLimit");
  }
}
