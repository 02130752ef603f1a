import * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "../docker/labels.ts";
import {
  CERTIFICATE_FILE,
  CONFIG_FOLDER,
  GATEWAY_VARIABLE,
  HAPROXY_COMMAND,
  HAPROXY_USER,
  PEER_VARIABLE,
  RUNTIME_CERTIFICATE_FILE,
  RUNTIME_TLS_VARIABLE,
} from "../haproxy/container.ts";
import { balancerMadeFrom } from "../stack/made-from.ts";
import { balancerPorts } from "../stack/published-ports.ts";
import { withoutReplaced } from "../stack/rollout.ts";
import { type Balancer, runtimeEndpoint } from "../stack/topology.ts";
import type { StackCertificate } from "./https-certificate.ts";
import type { ConfigFileInputs, HaproxyAddress, InstalledConfigInputs } from "./inputs.ts";
import { createContainer, type KeptContainer } from "./kept-container.ts";
import { createVolume, machineInputs, type StackVolume, swarmInputs } from "./ownership.ts";
import { CertificateFile, ConfigFile, Serving } from "./provided.ts";
import type { StackRuntimeTls } from "./runtime-tls.ts";
import type { StackContext, StackNetwork } from "./stack-context.ts";

/** Certificates and keys that all balancers of a stack share. */
export interface StackTls {
  readonly certificate: StackCertificate | undefined;
  readonly runtimeTls: StackRuntimeTls | undefined;
}

interface BalancerArgs extends StackContext, StackTls {
  readonly network: StackNetwork;
  /** What must be there before the container is created or replaced. */
  readonly after: readonly pulumi.Resource[];
}

/** A HAProxy container, and where its runtime API answers. */
export interface RunningBalancer {
  readonly address: HaproxyAddress;
  readonly container: KeptContainer;
  /** Whether it is on a machine that is dead. */
  readonly isDown: boolean;
  /** Is there when the container serves. */
  readonly serving: Serving;
  readonly configFile: ConfigFile;
  readonly configFileInputs: ConfigFileInputs;
}

/** A stop lets requests under way end, and refuses new ones meanwhile; a restart shall not do so for long. */
const STOP_TIMEOUT_SECONDS = 3;

/** Declares a HAProxy container. Its config is checked and in its volume before the container is touched. */
export function createBalancer(balancer: Balancer, args: BalancerArgs): RunningBalancer {
  const { declared, runtimeTls, network, after, parent } = args;
  const { settings, logDriver, images } = declared;
  const { containerName, peerName, volumeName } = balancer;
  const configFileInputs = describeConfigFile(balancer, args);
  const configFile = createConfigFile(balancer, configFileInputs, args);
  const keys = runtimeTls && pulumi.interpolate`${RUNTIME_TLS_VARIABLE}=${runtimeTls.generation}`;
  const gateway = declared.gateways?.get(balancer.machine?.name ?? "");
  const container = createContainer(
    balancer,
    {
      role: "haproxy",
      image: settings.haproxyImage,
      madeFrom: balancerMadeFrom(settings, balancer, logDriver, images),
      limits: settings.haproxyLimits,
      published: balancerPorts(settings, balancer),
      user: HAPROXY_USER, // its image has it, with another number in each
      readOnly: true, // it writes nothing but its sockets
      stopTimeout: STOP_TIMEOUT_SECONDS,
      command: [...HAPROXY_COMMAND],
      envs: [
        `${PEER_VARIABLE}=${peerName}`,
        ...(keys === undefined ? [] : [keys]),
        ...(gateway === undefined ? [] : [`${GATEWAY_VARIABLE}=${gateway}`]),
      ],
      volumes: [{ volumeName, containerPath: CONFIG_FOLDER }],
      network,
      after: [configFile, ...after],
    },
    args,
  );
  const address = addressOf(balancer, args);
  const serving = new Serving(
    `${containerName}-serving`,
    {
      ...address,
      others: otherBalancers(balancer, args),
      credentials: runtimeTls?.client,
      haproxyContainerId: container.id,
    },
    { parent, dependsOn: [...container.resources] },
  );
  const isDown = balancer.machine?.isDown === true;
  return { address, container, isDown, serving, configFile, configFileInputs };
}

const addressOf = (balancer: Balancer, { declared }: BalancerArgs): HaproxyAddress => ({
  ...(balancer.machine && { machine: machineInputs(balancer.machine) }),
  endpoint: runtimeEndpoint(declared.topology, balancer),
  haproxyContainer: balancer.containerName,
});

/** Finds the balancers that a replaced one learns its sessions from. They may not know an added one yet. */
function otherBalancers(balancer: Balancer, args: BalancerArgs): HaproxyAddress[] {
  const { declared, observed } = args;
  const exists = ({ containerName, machine }: Balancer): boolean =>
    observed.balancers.has(containerName) && machine?.isDown !== true;
  if (!exists(balancer)) return [];
  const others = declared.topology.balancers.filter((other) => other !== balancer && exists(other));
  return others.map((other) => addressOf(other, args));
}

const describeConfigFile = (
  { volumeName, peerName, machine }: Balancer,
  { declared: { settings, config, images, portable = images }, owner, engine }: BalancerArgs,
): ConfigFileInputs => ({
  engine,
  ...(machine && { machine: machineInputs(machine) }),
  volumeName,
  image: portable?.get(settings.haproxyImage) ?? settings.haproxyImage,
  imageName: settings.haproxyImage,
  peerName,
  labels: labelsOf(owner.stack, owner.state, "config-check"),
  text: config.text,
});

function createConfigFile(balancer: Balancer, inputs: ConfigFileInputs, args: BalancerArgs): ConfigFile {
  const { parent } = args;
  const { volumeName } = balancer;
  const volume = createVolume(volumeName, "config", args, balancer.machine);
  // The config names the certificates' files, so HAProxy refuses the one without the others.
  const dependsOn = createCertificateFiles(volume, inputs, args);
  const running = describeRunning(balancer, args);
  const installed = { ...inputs, volumeName: volume.name, running, credentials: args.runtimeTls?.client };
  return new ConfigFile(`${volumeName}-file`, installed, { parent, dependsOn });
}

/** What runs with the old file, but for servers of a roll-out, which proves them by itself. */
function describeRunning(balancer: Balancer, args: BalancerArgs): InstalledConfigInputs["running"] {
  const { declared, observed } = args;
  if (!observed.balancers.has(balancer.containerName)) return undefined;
  const servers = withoutReplaced(declared.topology.servers, declared.rollout);
  return { ...addressOf(balancer, args), ...inStepWith(declared), servers };
}

/** What a HAProxy is brought in step with, and how long that may take. */
export const inStepWith = ({ settings, topology, config }: StackContext["declared"]) => ({
  ...(topology.swarm && { swarm: swarmInputs(topology.swarm) }),
  revision: config.revision,
  servers: [...topology.servers],
  check: topology.check,
  drainTimeoutMs: settings.drainTimeoutMs,
  readyTimeoutMs: settings.readyTimeoutMs,
});

function createCertificateFiles(volume: StackVolume, inputs: ConfigFileInputs, args: BalancerArgs) {
  const { certificate, runtimeTls, parent } = args;
  const { text: _, volumeName, ...rest } = inputs;
  const into = { ...rest, volumeName: volume.name };
  // What goes with the volume needs no delete of its own.
  const options = { parent, deletedWith: volume.resource };
  const files: CertificateFile[] = [];
  if (certificate !== undefined) {
    const { declared, pem } = certificate;
    const ofHttps = { ...into, name: CERTIFICATE_FILE, certificate: declared, pem, ca: undefined };
    files.push(new CertificateFile(`${volumeName}-certificate`, ofHttps, options));
  }
  if (runtimeTls !== undefined) {
    const { certificate: declared, pem, ca } = runtimeTls;
    const ofRuntime = { ...into, name: RUNTIME_CERTIFICATE_FILE, certificate: declared, pem, ca };
    files.push(new CertificateFile(`${volumeName}-runtime-certificate`, ofRuntime, options));
  }
  return files;
}
