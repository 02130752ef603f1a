import * as pulumi from "@pulumi/pulumi";
import type { CertificateFileInputs, CertificateFileState } from "./provider/certificate-file.ts";

/** A shell around src/providers, as in config-file.ts. */
const provider: pulumi.dynamic.ResourceProvider<CertificateFileInputs, CertificateFileState> = {
  async create(inputs) {
    const { installCertificate } = await import("./src/pulumi/provider/certificate-file.ts" as string);
    return { id: inputs.volumeName, outs: await installCertificate(inputs) };
  },
  async read(id, state) {
    const { readInstalled } = await import("./src/pulumi/provider/certificate-file.ts" as string);
    return { id, props: await readInstalled(state) };
  },
  async diff(_id, state, inputs) {
    const { certificateFileDiffers } = await import("./src/pulumi/provider/certificate-file.ts" as string);
    return {
      changes: certificateFileDiffers(state, inputs),
      replaces: state.volumeName === inputs.volumeName ? [] : ["volumeName"],
    };
  },
  async update(_id, _state, inputs) {
    const { installCertificate } = await import("./src/pulumi/provider/certificate-file.ts" as string);
    return { outs: await installCertificate(inputs) };
  },
  async delete(_id, state) {
    const { deleteCertificate } = await import("./src/pulumi/provider/certificate-file.ts" as string);
    await deleteCertificate(state);
  },
};

/** The certificate of HTTPS with its key in a balancer's volume: checked by the balancer's own image, then renamed into place. */
export class CertificateFile extends pulumi.dynamic.Resource {
  constructor(
    name: string,
    inputs: pulumi.Inputs & Record<keyof CertificateFileInputs, pulumi.Input<unknown>>,
    options: pulumi.CustomResourceOptions,
  ) {
    super(provider, name, { ...inputs, digest: undefined }, options, "haproxy", "CertificateFile");
  }
}
