import { z } from "zod";
import { ENGINE_IDENTITY } from "../docker/engine-identity.ts";
import { CREDENTIALS, ENDPOINT_ADDRESS } from "../stack/endpoint.ts";
import { HEALTH_CHECK } from "../stack/health-check.ts";
import { SERVER } from "../stack/topology.ts";

// What the program asks of each resource of our provider: the contract between the two processes. The
// provider checks what it gets against these schemas, so that nothing inside checks it again.

const MACHINE = z.object({
  name: z.string(),
  /** Its Docker engine, as in `DOCKER_HOST`. */
  engine: z.string(),
  /**
   * Whether it is dead. Nothing is looked for or made there, and what shall be there is made when it is back.
   */
  isDown: z.boolean(),
});
/** A machine of a Swarm with a balancer. */
export type MachineInputs = z.infer<typeof MACHINE>;

/** The machine that it is on. Not there on one Docker engine. */
const ON_MACHINE = { machine: MACHINE.optional() };

const SWARM = z.object({
  /** Docker engines of its managers; none for the one that the docker command talks to. */
  managers: z.array(z.string()),
});
/** A Swarm. */
export type SwarmInputs = z.infer<typeof SWARM>;

/** The Swarm that it is on. Not there on one Docker engine. */
const ON_SWARM = { swarm: SWARM.optional() };

const HAPROXY_ADDRESS = z.object({
  ...ON_MACHINE,
  endpoint: ENDPOINT_ADDRESS,
  haproxyContainer: z.string(),
});
/** A HAProxy container and where its runtime API answers. */
export type HaproxyAddress = z.infer<typeof HAPROXY_ADDRESS>;

const LABELS = z.record(z.string(), z.string());

/** The engine that it is made on. What is on another one is not taken for gone. */
const ON_ENGINE = { engine: ENGINE_IDENTITY.optional() };

const CONFIG_VOLUME = z.object({
  ...ON_ENGINE,
  ...ON_MACHINE,
  volumeName: z.string(),
  image: z.string(),
  imageName: z.string().optional(),
  peerName: z.string(),
  labels: LABELS,
});

const TIMEOUTS = { drainTimeoutMs: z.number(), readyTimeoutMs: z.number() };

/** What a HAProxy is brought in step with, and how long that may take. */
const IN_STEP = {
  ...ON_SWARM,
  revision: z.string(),
  servers: z.array(SERVER),
  /** How the file has servers checked. */
  check: HEALTH_CHECK,
  ...TIMEOUTS,
};

export const CONFIG_FILE = CONFIG_VOLUME.extend({ text: z.string() });
/** A balancer's haproxy.cfg in its volume. */
export type ConfigFileInputs = z.infer<typeof CONFIG_FILE>;

export const INSTALLED_CONFIG = CONFIG_FILE.extend({
  /** The HAProxy that runs, and servers of it that the file may check otherwise; undefined for a new one. */
  running: HAPROXY_ADDRESS.extend(IN_STEP).optional(),
  /** For its runtime API, where it takes any; a secret. */
  credentials: CREDENTIALS.optional(),
});
/** A balancer's haproxy.cfg, and who has to bear it. */
export type InstalledConfigInputs = z.infer<typeof INSTALLED_CONFIG>;

const DECLARED_CERTIFICATE = z.object({
  /** Where the PEM file is, as the config names it; empty for a certificate that Balancer made. */
  path: z.string(),
  /** Names the whole PEM. */
  digest: z.string(),
  /** SHA-1 of the leaf: hex in upper case. */
  fingerprint: z.string(),
});
/** Which certificate a balancer shall serve; no part of it is secret. */
export type DeclaredCertificate = z.infer<typeof DECLARED_CERTIFICATE>;

export const CERTIFICATE_FILE_INPUTS = CONFIG_VOLUME.extend({
  /** The file's name in the volume. */
  name: z.string(),
  certificate: DECLARED_CERTIFICATE,
  /** PEM of a certificate that Balancer made, a secret. The user's own is read from its file alone. */
  pem: z.string().optional(),
  /** For the runtime API: the authority of its clients. */
  ca: z.string().optional(),
});
/** A certificate in a balancer's volume. */
export type CertificateFileInputs = z.infer<typeof CERTIFICATE_FILE_INPUTS>;

export const SELF_SIGNED = z.object({
  stack: z.string(),
  /** DNS names and IPv4 addresses that it is good for. */
  names: z.array(z.string()),
});
/** A certificate that Balancer makes. */
export type SelfSignedInputs = z.infer<typeof SELF_SIGNED>;

export const RUNTIME_CREDENTIALS = z.object({
  stack: z.string(),
  /** Another word makes others. */
  rotation: z.string(),
});
/** Keys and certificates of a stack's runtime API. */
export type RuntimeCredentialsInputs = z.infer<typeof RUNTIME_CREDENTIALS>;

export const SERVING = HAPROXY_ADDRESS.extend({
  /** Docker's id of the container: a new container is proved anew. */
  haproxyContainerId: z.string(),
  /** It learns its sessions from these balancers, which were there before. One may be replaced next. */
  others: z.array(HAPROXY_ADDRESS),
  /** For the runtime APIs, where these take any; a secret. */
  credentials: CREDENTIALS.optional(),
});
/** A HAProxy container that shall serve before another is touched. */
export type ServingInputs = z.infer<typeof SERVING>;

export const SHARED_SESSIONS = z.object({
  balancers: z.array(HAPROXY_ADDRESS),
  /** For the runtime APIs, where these take any; a secret. */
  credentials: CREDENTIALS.optional(),
});
/** The balancers that share their sessions. */
export type SharedSessionsInputs = z.infer<typeof SHARED_SESSIONS>;

const NETWORK = z.object({
  name: z.string(),
  subnet: z.string(),
  gateway: z.string(),
  /** Addresses that Docker gives by itself. */
  ipRange: z.string(),
  labels: LABELS,
});

export const BRIDGE_NETWORK = NETWORK.extend(ON_ENGINE);
/** The network of a stack on one engine. */
export type BridgeNetworkInputs = z.infer<typeof BRIDGE_NETWORK>;

export const OVERLAY_NETWORK = NETWORK.extend({
  swarm: SWARM,
  /** The driver's options. */
  options: z.record(z.string(), z.string()),
});
/** The network of a stack on a Swarm. */
export type OverlayNetworkInputs = z.infer<typeof OVERLAY_NETWORK>;

export const MACHINE_VOLUME = z.object({ machine: MACHINE, volumeName: z.string(), labels: LABELS });
/** A volume on a machine. */
export type MachineVolumeInputs = z.infer<typeof MACHINE_VOLUME>;

export const MACHINE_CONTAINER = z.object({
  machine: MACHINE,
  containerName: z.string(),
  /** What the engine gets to make it from, its name, labels and limit of processes apart. */
  container: z.looseObject({ HostConfig: z.looseObject({ Memory: z.number() }) }),
  /** What it is made from, by config key. */
  madeFrom: z.string(),
  labels: LABELS,
  pids: z.number(),
  network: z.string(),
  /** It is made anew with another network. */
  networkId: z.string(),
  address: z.string(),
  /** Texts of files that it has when it starts, by path. */
  files: z.record(z.string(), z.string()),
  /** Host ports that must be free. */
  published: z.array(
    z.object({
      containerName: z.string(),
      key: z.string(),
      address: z.string(),
      addressKey: z.string().optional(),
      port: z.number(),
    }),
  ),
});
/** A container of the stack on a machine, which stays there. */
export type MachineContainerInputs = z.infer<typeof MACHINE_CONTAINER>;

export const STACK_ENGINE = z.object({ engine: ENGINE_IDENTITY });
/** The engine that a stack is on. */
export type StackEngineInputs = z.infer<typeof STACK_ENGINE>;

export const GUESTS = z.object({
  ...ON_ENGINE,
  ...ON_SWARM,
  /** Machines of the Swarm whose containers may be on it; none on one engine. */
  machines: z.array(MACHINE).optional(),
  /** The network's name. */
  network: z.string(),
  /** Docker's id of it: another network is made when all that is on this one is gone. */
  networkId: z.string(),
  stack: z.string(),
});
/** Containers of others on the stack's network, which keep it from being removed. */
export type GuestsInputs = z.infer<typeof GUESTS>;

export const UPKEEP = z.object({
  ...ON_ENGINE,
  containerName: z.string(),
  /** Docker's id: a container that was replaced has another, and not all of its limits yet. */
  containerId: z.string(),
  limits: z.object({ memory: z.number(), pids: z.number() }),
  network: z.string(),
  address: z.string(),
});
/** What a container keeps while it runs, which the Docker provider would replace it for or cannot set. */
export type UpkeepInputs = z.infer<typeof UPKEEP>;

export const RUNTIME_SYNC = HAPROXY_ADDRESS.extend({
  /** Docker's id of the HAProxy container: a new container is synced anew. */
  haproxyContainerId: z.string(),
  ...IN_STEP,
  /** The file that a reload loads. */
  configFile: CONFIG_FILE,
  /** The certificate of HTTPS, which is in the same volume; undefined where HTTP alone is served. */
  certificate: DECLARED_CERTIFICATE.optional(),
  /** For the runtime API, where it takes any; a secret. */
  credentials: CREDENTIALS.optional(),
});
/** What one balancer shall run. */
export type RuntimeSyncInputs = z.infer<typeof RUNTIME_SYNC>;

export const ROLLOUT = z.object({
  ...ON_SWARM,
  /** Those of the app containers: of whom they are, and what they are made from. */
  labels: LABELS,
  mode: z.enum(["sticky", "hash"]),
  /** Serves while containers are replaced. */
  standIn: SERVER,
  /** The balancers that must not send traffic to a container that is replaced. */
  balancers: z.array(HAPROXY_ADDRESS),
  /** For their runtime APIs, where these take any; a secret. */
  credentials: CREDENTIALS.optional(),
  /** How many containers of the stack may be out of rotation at a time. */
  atATime: z.number(),
  /** Whether containers that were replaced go back when a later one does not come up. */
  onFailure: z.enum(["back", "stop"]),
  /** HAProxy checks the app's containers so, also while the running haproxy.cfg says otherwise. */
  check: HEALTH_CHECK,
  ...TIMEOUTS,
});
/** How an app's containers are replaced. */
export type RolloutInputs = z.infer<typeof ROLLOUT>;

export const ROLLOUT_END = ROLLOUT.extend({ servers: z.array(SERVER) });
/** The end of a roll-out: its servers are up, and what helped it goes. */
export type RolloutEndInputs = z.infer<typeof ROLLOUT_END>;

export const APP_SERVER = ROLLOUT.extend({
  ...ON_ENGINE,
  server: SERVER,
  /** What the engine gets to make the container from, its name, labels and limit of processes apart. */
  container: z.looseObject({
    Image: z.string(),
    HostConfig: z.looseObject({ Memory: z.number() }),
  }),
  /** Names what the container is made from: another name means another container. */
  definition: z.string(),
  /** Texts of files by path; a secret where one of them is. */
  files: z.record(z.string(), z.string()).optional(),
  /** Networks that it joins besides the stack's. */
  networks: z.array(z.string()).optional(),
  /** Processes and threads of the container. They are changed while it runs, with its other limits. */
  pids: z.number(),
  /** How long after its end Swarm starts it again. */
  restartDelayMs: z.number().optional(),
  /** Name of the network that it is on; it goes and comes back with that. */
  network: z.string(),
  /**
   * Whether another machine shall have it, though it runs what it shall; it is in the input of one update
   * alone.
   */
  isMoved: z.boolean().optional(),
  /** Whether a roll-out waits for the proof that this one is up; the sync proves it otherwise. */
  isProvedFirst: z.boolean(),
});
/** A server of the stack and the app container behind it. */
export type AppServerInputs = z.infer<typeof APP_SERVER>;
