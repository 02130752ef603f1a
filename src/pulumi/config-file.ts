import * as pulumi from "@pulumi/pulumi";
import type { ConfigFileInputs } from "./provider/config-file.ts";

/**
 * The provider's text is part of the state, so it is only a shell; the work is in src/providers, imported at run time
 * from the project folder.
 */
const provider: pulumi.dynamic.ResourceProvider<ConfigFileInputs, ConfigFileInputs> = {
  async create(inputs) {
    const { installConfigFile } = await import("./src/pulumi/provider/config-file.ts" as string);
    return { id: inputs.volumeName, outs: await installConfigFile(inputs) };
  },
  async read(id, state) {
    const { readConfigFile } = await import("./src/pulumi/provider/config-file.ts" as string);
    return { id, props: await readConfigFile(state) };
  },
  async diff(_id, state, inputs) {
    const { configFileDiffers } = await import("./src/pulumi/provider/config-file.ts" as string);
    return {
      changes: configFileDiffers(state, inputs),
      replaces: state.volumeName === inputs.volumeName ? [] : ["volumeName"],
    };
  },
  async update(_id, _state, inputs) {
    const { installConfigFile } = await import("./src/pulumi/provider/config-file.ts" as string);
    return { outs: await installConfigFile(inputs) };
  },
  async delete(_id, state) {
    const { deleteConfigFile } = await import("./src/pulumi/provider/config-file.ts" as string);
    await deleteConfigFile(state);
  },
};

/** A balancer's haproxy.cfg: checked by the balancer's own image, then renamed into place in its volume. */
export class ConfigFile extends pulumi.dynamic.Resource {
  /** The file's text. */
  declare readonly text: pulumi.Output<string>;

  constructor(
    name: string,
    inputs: pulumi.Inputs & Record<keyof ConfigFileInputs, pulumi.Input<unknown>>,
    options: pulumi.CustomResourceOptions,
  ) {
    super(provider, name, inputs, options, "haproxy", "ConfigFile");
  }
}
