import { main, type Provider } from "@pulumi/pulumi/provider/index.js";
import packageJson from "../../../package.json" with { type: "json" };
import { appServer } from "./app-server.ts";
import { bridgeNetwork } from "./bridge-network.ts";
import { certificateFile } from "./certificate-file.ts";
import { configFile } from "./config-file.ts";
import { endWithParent } from "./end-with-parent.ts";
import { engineLog } from "./engine-log.ts";
import { guests } from "./guests.ts";
import { runtimeCredentials, selfSigned } from "./issued-certificates.ts";
import { machineContainer } from "./machine-container.ts";
import { machineVolume } from "./machine-volume.ts";
import { overlayNetwork } from "./overlay-network.ts";
import { rolloutEnd } from "./rollout-end.ts";
import { runtimeSync } from "./runtime-sync.ts";
import { type ServedType, served } from "./served-type.ts";
import { serving } from "./serving.ts";
import { sharedSessions } from "./shared-sessions.ts";
import { stackEngine } from "./stack-engine.ts";
import { upkeep } from "./upkeep.ts";

/** Every resource of this provider, by the last part of its type. */
const TYPES: Readonly<Record<string, ServedType>> = {
  AppServer: served(appServer),
  BridgeNetwork: served(bridgeNetwork),
  CertificateFile: served(certificateFile),
  ConfigFile: served(configFile),
  Guests: served(guests),
  MachineContainer: served(machineContainer),
  MachineVolume: served(machineVolume),
  OverlayNetwork: served(overlayNetwork),
  RolloutEnd: served(rolloutEnd),
  RuntimeCredentials: served(runtimeCredentials),
  RuntimeSync: served(runtimeSync),
  SelfSigned: served(selfSigned),
  Serving: served(serving),
  SharedSessions: served(sharedSessions),
  StackEngine: served(stackEngine),
  Upkeep: served(upkeep),
};

/**
 * Serves the resources of type `balancer:index:*` until Pulumi ends.
 * @param args as Pulumi gives them to a provider: the address of its engine comes last
 */
export async function serve(args: readonly string[]): Promise<void> {
  endWithParent();
  const reportOn = engineLog(args.at(-1) ?? "");
  const provider: Provider = {
    version: packageJson.version,
    check: async (urn, _old, inputs) => typeOf(urn).check(inputs),
    diff: async (_id, urn, state, inputs) => typeOf(urn).diff(state, inputs),
    create: async (urn, inputs) => typeOf(urn).create(inputs, reportOn(urn)),
    read: async (id, urn, state) => typeOf(urn).read(id, state),
    update: async (_id, urn, state, inputs) => typeOf(urn).update(inputs, state, reportOn(urn)),
    delete: async (_id, urn, state) => typeOf(urn).delete(state, reportOn(urn)),
  };
  await main(provider, [...args]);
}

/** A URN is `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`, and a type `balancer:index:KIND`. */
function typeOf(urn: string): ServedType {
  const kind = /[$:]balancer:index:(\w+)::[^:]*$/.exec(urn)?.[1] ?? "";
  const type = TYPES[kind];
  if (type === undefined) throw new Error(`this provider knows no resource of the type of ${urn}`);
  return type;
}
