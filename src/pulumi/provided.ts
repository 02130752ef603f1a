import * as pulumi from "@pulumi/pulumi";
import type {
  AppServerInputs,
  CertificateFileInputs,
  ConfigFileInputs,
  PidsLimitInputs,
  RuntimeCredentialsInputs,
  RuntimeSyncInputs,
  SelfSignedInputs,
  ServingInputs,
} from "./inputs.ts";

/** Inputs that may come from other resources. */
type From<T> = { readonly [K in keyof T]: pulumi.Input<T[K]> };
type Options = pulumi.CustomResourceOptions;

/** A resource that the provider in this repository serves. */
abstract class Provided extends pulumi.CustomResource {
  constructor(kind: string, name: string, inputs: pulumi.Inputs, options: Options) {
    super(`balancer:index:${kind}`, name, inputs, options);
  }
}

/**
 * A server of the stack and the app container behind it. Where something serves under its name, whatever it
 * is replaced for, it goes through drain and proof.
 */
export class AppServer extends Provided {
  constructor(name: string, inputs: From<AppServerInputs>, options: Options) {
    const outputs = { containerId: undefined, runs: undefined, isRunning: undefined, address: undefined };
    super("AppServer", name, { ...inputs, ...outputs }, options);
  }
}

/** A balancer's haproxy.cfg: checked by the balancer's own image, then renamed into place in its volume. */
export class ConfigFile extends Provided {
  constructor(name: string, inputs: From<ConfigFileInputs>, options: Options) {
    super("ConfigFile", name, inputs, options);
  }
}

/** A certificate with its key in a balancer's volume. The balancer's own image checks it first. */
export class CertificateFile extends Provided {
  constructor(name: string, inputs: From<CertificateFileInputs>, options: Options) {
    super("CertificateFile", name, { ...inputs, digest: undefined }, options);
  }
}

/** A certificate for trying out, and its key. Kept in the state, so that updates do not change it. */
export class SelfSigned extends Provided {
  /** Certificate and key; a secret. */
  declare readonly pem: pulumi.Output<string>;
  declare readonly digest: pulumi.Output<string>;
  declare readonly fingerprint: pulumi.Output<string>;

  constructor(name: string, inputs: From<SelfSignedInputs>, options: Options) {
    const outputs = { pem: undefined, digest: undefined, fingerprint: undefined, expires: undefined };
    super("SelfSigned", name, { ...inputs, ...outputs }, options);
  }
}

/** Keys and certificates of a stack's runtime API and its one client. The state keeps them as secrets. */
export class RuntimeCredentials extends Provided {
  /** The server's certificate with its chain and key; a secret. */
  declare readonly pem: pulumi.Output<string>;
  declare readonly digest: pulumi.Output<string>;
  declare readonly fingerprint: pulumi.Output<string>;
  /** ISO 8601. */
  declare readonly expires: pulumi.Output<string>;
  declare readonly ca: pulumi.Output<string>;
  /** The client's certificate. */
  declare readonly certificate: pulumi.Output<string>;
  /** The client's; a secret. */
  declare readonly key: pulumi.Output<string>;

  constructor(name: string, inputs: From<RuntimeCredentialsInputs>, options: Options) {
    const server = { pem: undefined, digest: undefined, fingerprint: undefined, expires: undefined };
    const client = { ca: undefined, certificate: undefined, key: undefined };
    super("RuntimeCredentials", name, { ...inputs, ...server, ...client }, options);
  }
}

/**
 * The proof that a HAProxy container which was just created or replaced serves; the next balancer is replaced
 * after it.
 */
export class Serving extends Provided {
  constructor(name: string, inputs: From<ServingInputs>, options: Options) {
    super("Serving", name, inputs, options);
  }
}

/** How many processes and threads containers may have, which the Docker provider cannot say. */
export class PidsLimit extends Provided {
  constructor(name: string, inputs: From<PidsLimitInputs>, options: Options) {
    super("PidsLimit", name, inputs, options);
  }
}

/**
 * The server list that a running HAProxy has, kept in step through its runtime API. It depends on the app
 * servers: their containers run before it adds them, and are deleted after it removed them.
 */
export class RuntimeSync extends Provided {
  constructor(name: string, inputs: From<RuntimeSyncInputs>, options: Options) {
    super("RuntimeSync", name, { ...inputs, running: undefined }, options);
  }
}
