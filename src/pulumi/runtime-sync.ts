import * as pulumi from "@pulumi/pulumi";
import type { RuntimeSyncInputs, RuntimeSyncState } from "./provider/runtime-sync.ts";

/** A shell around src/providers, as in config-file.ts. */
const provider: pulumi.dynamic.ResourceProvider<RuntimeSyncInputs, RuntimeSyncState> = {
  async create(inputs) {
    const { syncRuntime } = await import("./src/pulumi/provider/runtime-sync.ts" as string);
    return { id: inputs.haproxyContainer, outs: await syncRuntime(inputs) };
  },
  async read(id, state) {
    const { readRuntime } = await import("./src/pulumi/provider/runtime-sync.ts" as string);
    return { id, props: await readRuntime(state) };
  },
  async diff(_id, state, inputs) {
    const { runtimeDiffers } = await import("./src/pulumi/provider/runtime-sync.ts" as string);
    return { changes: runtimeDiffers(state, inputs) };
  },
  async update(_id, state, inputs) {
    const { syncRuntime } = await import("./src/pulumi/provider/runtime-sync.ts" as string);
    return { outs: await syncRuntime(inputs, state) };
  },
};

/**
 * The server list that a running HAProxy has, kept in step through its runtime API. It depends on the app containers:
 * they are created before it adds them, and deleted after it removed them.
 */
export class RuntimeSync extends pulumi.dynamic.Resource {
  constructor(
    name: string,
    inputs: pulumi.Inputs & Record<keyof RuntimeSyncInputs, pulumi.Input<unknown>>,
    options: pulumi.CustomResourceOptions,
  ) {
    super(provider, name, { ...inputs, running: undefined }, options, "haproxy", "RuntimeSync");
  }
}
