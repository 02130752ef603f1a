import * as pulumi from "@pulumi/pulumi";
import type {
  AppServerInputs,
  BridgeNetworkInputs,
  CertificateFileInputs,
  GuestsInputs,
  InstalledConfigInputs,
  MachineContainerInputs,
  MachineVolumeInputs,
  OverlayNetworkInputs,
  RolloutEndInputs,
  RuntimeCredentialsInputs,
  RuntimeSyncInputs,
  SelfSignedInputs,
  ServingInputs,
  SharedSessionsInputs,
  StackEngineInputs,
  UpkeepInputs,
} from "./inputs.ts";

/** Inputs that may come from other resources. */
type From<T> = { readonly [K in keyof T]: pulumi.Input<T[K]> };

type Provided<Inputs> = new (
  name: string,
  inputs: From<Inputs>,
  options: pulumi.CustomResourceOptions,
) => pulumi.CustomResource;

/** Makes the class of a kind of resource that the provider in this repository serves. */
const provided = <Inputs>(kind: string, outputs: readonly string[] = []): Provided<Inputs> =>
  class extends pulumi.CustomResource {
    constructor(name: string, inputs: From<Inputs>, options: pulumi.CustomResourceOptions) {
      const unknown = Object.fromEntries(outputs.map((output) => [output, undefined]));
      super(`balancer:index:${kind}`, name, { ...inputs, ...unknown }, options);
    }
  };

/**
 * A server of the stack and the app container behind it. Where something serves under its name, whatever it
 * is replaced for, it goes through drain and proof.
 */
export class AppServer extends provided<AppServerInputs>("AppServer", [
  "containerId",
  "runs",
  "isRunning",
  "drift",
  "address",
]) {}

/** The end of a roll-out: all servers are up, and the stand-in and what ran before go. */
export class RolloutEnd extends provided<RolloutEndInputs>("RolloutEnd") {}

/** A balancer's haproxy.cfg: checked by the balancer's own image, then renamed into place in its volume. */
export class ConfigFile extends provided<InstalledConfigInputs>("ConfigFile") {}

/** A certificate with its key in a balancer's volume. The balancer's own image checks it first. */
export class CertificateFile extends provided<CertificateFileInputs>("CertificateFile", ["digest"]) {}

const CERTIFICATE = ["pem", "digest", "fingerprint", "expires"];

/** A certificate for trying out, and its key. Kept in the state, so that updates do not change it. */
export class SelfSigned extends provided<SelfSignedInputs>("SelfSigned", CERTIFICATE) {
  /** Certificate and key; a secret. */
  declare readonly pem: pulumi.Output<string>;
  declare readonly digest: pulumi.Output<string>;
  declare readonly fingerprint: pulumi.Output<string>;
}

/** Keys and certificates of a stack's runtime API and its one client. The state keeps them as secrets. */
export class RuntimeCredentials extends provided<RuntimeCredentialsInputs>("RuntimeCredentials", [
  ...CERTIFICATE,
  "ca",
  "certificate",
  "key",
]) {
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
}

/**
 * The proof that a HAProxy container which was just created or replaced serves; the next balancer is replaced
 * after it.
 */
export class Serving extends provided<ServingInputs>("Serving") {}

/**
 * What the balancers of a stack in sticky mode remember of sessions, the same on all. It comes after all that
 * reloads or replaces one of them, and looks by itself whether there is anything to do.
 */
export class SharedSessions extends provided<SharedSessionsInputs>("SharedSessions") {}

/** Whoever else is on the stack's network. It is the first that goes, or else nothing does. */
export class Guests extends provided<GuestsInputs>("Guests") {}

/** The network of a stack on one engine. */
export class BridgeNetwork extends provided<BridgeNetworkInputs>("BridgeNetwork", ["networkId"]) {
  declare readonly name: pulumi.Output<string>;
  /** Docker's id of it. */
  declare readonly networkId: pulumi.Output<string>;
}

/** The network of a stack on a Swarm. */
export class OverlayNetwork extends provided<OverlayNetworkInputs>("OverlayNetwork", ["networkId"]) {
  declare readonly name: pulumi.Output<string>;
  /** Docker's id of it. */
  declare readonly networkId: pulumi.Output<string>;
}

/** A volume on a machine of a Swarm. */
export class MachineVolume extends provided<MachineVolumeInputs>("MachineVolume") {
  declare readonly volumeName: pulumi.Output<string>;
}

/** A container that is bound to a machine of a Swarm. */
export class MachineContainer extends provided<MachineContainerInputs>("MachineContainer", [
  "containerId",
  "isRunning",
  "runs",
  "drift",
]) {
  /** Docker's id of it. */
  declare readonly containerId: pulumi.Output<string>;
}

/** The engine that a stack is on. Nothing of it is taken for gone, or made, on another one. */
export class StackEngine extends provided<StackEngineInputs>("StackEngine") {}

/** What a running container keeps, where the Docker provider would replace it or knows no such property. */
export class Upkeep extends provided<UpkeepInputs>("Upkeep", ["drift"]) {}

/**
 * The server list that a running HAProxy has, kept in step through its runtime API. It depends on the app
 * servers: their containers run before it adds them, and are deleted after it removed them.
 */
export class RuntimeSync extends provided<RuntimeSyncInputs>("RuntimeSync", ["running"]) {}
