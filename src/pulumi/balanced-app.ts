import * as pulumi from "@pulumi/pulumi";
import { checkSettings } from "../config/settings-parser.ts";
import { connectEngine, engineHost, reachableHost } from "../docker/engine.ts";
import { type EngineAddress, findEngine } from "../docker/engine-address.ts";
import { EngineError } from "../docker/engine-error.ts";
import { type EngineIdentity, identifyEngine } from "../docker/engine-identity.ts";
import { imagesOf, pullImages, refuseRoot } from "../docker/images.ts";
import { stateName } from "../docker/labels.ts";
import { TemplateError } from "../haproxy/file/template-needs.ts";
import { describeChanges, describeWarnings } from "../preview/changes.ts";
import { lookAtStack, type Place, type Situation } from "../preview/situation.ts";
import { REBALANCE_VARIABLE } from "../stack/config-keys.ts";
import { CONTAINER_PORTS } from "../stack/container-ports.ts";
import { type Credentials, formatEndpoint } from "../stack/endpoint.ts";
import { APP_TYPE, type StackOutputs } from "../stack/outputs.ts";
import { CONFIG_GROUPS, CONFIG_KEYS, type GivenConfig } from "../stack/schema.ts";
import { formatSessionKey } from "../stack/session-key.ts";
import type { ConfiguredSettings, Swarm } from "../stack/settings.ts";
import { SettingsError } from "../stack/settings-error.ts";
import { type Balancer, LOOPBACK, runtimeEndpoint } from "../stack/topology.ts";
import { connectSwarm, identifySwarm } from "../swarm/machines.ts";
import { bringToMachines } from "../swarm/portable-images.ts";
import { declareChildren } from "./children.ts";
import { createDockerProvider } from "./docker-provider.ts";
import { type FromResources, settleInputs } from "./given-inputs.ts";
import { readLastCredentials } from "./last-credentials.ts";
import { StackEngine } from "./provided.ts";

/**
 * What a balanced app shall be: the keys of docs/config.md, those of `app` without their prefix. Whatever is
 * left out has its default. What is no `pulumi.Input` must be known when the program runs.
 */
export type BalancedAppArgs = Omit<GivenConfig, "app"> &
  Omit<NonNullable<GivenConfig["app"]>, keyof FromResources> &
  FromResources & {
    /** Whether the state keeps `env` encrypted, and no message tells it; false by default. */
    readonly isEnvSecret?: boolean;
    /** The same of `files`. */
    readonly areFilesSecret?: boolean;
    /**
     * Name of the stack output that has `runtimeTlsCredentials`, from which the next update reads how to look
     * at what runs; `runtimeTlsCredentials` by default.
     */
    readonly credentialsOutput?: string;
  };

/** A stack's config that is checked already. */
interface CheckedArgs {
  readonly settings: ConfiguredSettings;
  readonly isEnvSecret: boolean;
  readonly areFilesSecret: boolean;
  readonly credentialsOutput?: string;
  /** Whether `networks` come from resources, which an update makes before. */
  readonly makesNetworks?: boolean;
}

/** What a balanced app tells about itself, and a stack that exports it. */
export interface BalancedAppOutputs extends Omit<StackOutputs, "runtimeTlsCredentials"> {
  readonly runtimeTlsCredentials?: pulumi.Output<Credentials>;
}

/** What is known of an app when all of its parts are declared. */
interface Declared {
  readonly outputs: BalancedAppOutputs;
  readonly network: string;
  readonly internalUrls: readonly string[];
}

/** Arguments, out of sight of Pulumi, which would keep all of them in the state. */
class Unseen {
  readonly #args: Promise<CheckedArgs>;
  constructor(args: Promise<CheckedArgs>) {
    this.#args = args;
  }
  get args(): Promise<CheckedArgs> {
    return this.#args;
  }
}

/**
 * A network, app containers on it, and HAProxy containers in front of them whose server list follows the
 * count. Its name is that of the containers: a program may have several, each with a subnet and ports of its
 * own.
 */
export class BalancedApp extends pulumi.ComponentResource<Declared> {
  /** @throws {pulumi.RunError} with every mistake in the arguments at once */
  constructor(name: string, args: BalancedAppArgs, options?: pulumi.ComponentResourceOptions);
  /** @internal */
  constructor(name: string, args: CheckedArgs, options?: pulumi.ComponentResourceOptions);
  constructor(name: string, args: BalancedAppArgs | CheckedArgs, options?: pulumi.ComponentResourceOptions) {
    const finished = pulumi.runtime.rpcKeepAlive(); // or a program that asks for no output would end before
    const from: pulumi.Resource[] = [];
    const checked = "settings" in args ? Promise.resolve(args) : check(name, args, from);
    const providers = [new BalancerProvider(`${name}-provider`)];
    const sooner = options?.dependsOn === undefined ? {} : { dependsOn: options.dependsOn };
    /** What the app, or an argument, comes from is there before all parts of the app, and goes after them. */
    const after: pulumi.ResourceTransformation = ({ props, opts }) => ({
      props,
      opts: pulumi.mergeOptions(pulumi.mergeOptions(opts, sooner), { dependsOn: from }),
    });
    const more = { providers, transformations: [after] };
    super(APP_TYPE, name, new Unseen(checked), pulumi.mergeOptions(options, more));
    void this.getData().then(finished, finished);
  }

  /** Declares all parts. Whatever depends on the app waits for that first, and for each of them then. */
  protected override async initialize(
    { args }: Unseen,
    _options: pulumi.ComponentResourceOptions,
    name: string,
  ): Promise<Declared> {
    const declared = await declareApp(this, name, await args);
    this.registerOutputs(declared.outputs); // by which commands find the app in a program of several
    return declared;
  }

  /** All of them at once, those that there are; known when all children are declared. */
  get outputs(): Promise<BalancedAppOutputs> {
    return this.getData().then(({ outputs }) => outputs);
  }

  /** The app's addresses, the first balancer's first. */
  get urls(): pulumi.Output<readonly string[]> {
    return this.#output.apply(({ urls }) => urls);
  }
  /** Undefined without TLS. */
  get httpsUrls(): pulumi.Output<readonly string[] | undefined> {
    return this.#output.apply(({ httpsUrls }) => httpsUrls);
  }
  /** Name of the app's Docker network, which containers of others may join. */
  get network(): pulumi.Output<string> {
    return this.#declared.apply(({ network }) => network);
  }
  /** The app's addresses for containers on its network, the first balancer's first. */
  get internalUrls(): pulumi.Output<readonly string[]> {
    return this.#declared.apply(({ internalUrls }) => internalUrls);
  }
  get statsUrls(): pulumi.Output<readonly string[]> {
    return this.#output.apply(({ statsUrls }) => statsUrls);
  }
  /** `host:port` of the runtime APIs on the Docker host's loopback. */
  get runtimeEndpoints(): pulumi.Output<readonly string[]> {
    return this.#output.apply(({ runtimeEndpoints }) => runtimeEndpoints);
  }
  /** The declared servers, each with its address and port. */
  get servers(): pulumi.Output<BalancedAppOutputs["servers"]> {
    return this.#output.apply(({ servers }) => servers);
  }
  /** Text of haproxy.cfg. */
  get haproxyConfig(): pulumi.Output<string> {
    return this.#output.apply(({ haproxyConfig }) => haproxyConfig);
  }
  /** What a client of the runtime API by mutual TLS takes, a secret; undefined without `runtimeTls`. */
  get runtimeTlsCredentials(): pulumi.Output<Credentials | undefined> {
    return this.#output.apply(({ runtimeTlsCredentials }) => runtimeTlsCredentials);
  }

  get #output(): pulumi.Output<pulumi.Unwrap<BalancedAppOutputs>> {
    return this.#declared.apply(({ outputs }) => outputs);
  }
  /** Comes from the app, so that what takes it is made after the app's parts. */
  get #declared(): pulumi.Output<pulumi.Unwrap<Declared>> {
    return this.urn.apply(() => pulumi.output(this.getData()));
  }
}

async function declareApp(app: BalancedApp, name: string, args: CheckedArgs): Promise<Declared> {
  const { settings, isEnvSecret, areFilesSecret, credentialsOutput, makesNetworks = false } = args;
  const { address, place, engine, onEngine } = await findPlace(settings).catch(throwWithoutStack);
  const stackEngine = new StackEngine(`${name}-engine`, { engine }, { parent: app });
  // The provider refuses an engine that the stack is not on, before anything is looked for there.
  await new Promise((resolve) => stackEngine.urn.apply(resolve));
  const sought = { ...place, makesNetworks: makesNetworks && pulumi.runtime.isDryRun() };
  const situation = await lookAt(sought, settings, credentialsOutput).catch(throwWithoutStack);
  await tell(situation);
  const dockerProvider = address && createDockerProvider(`${name}-docker`, address, app, stackEngine);
  const owner = { stack: name, state: stateName(process.env.PULUMI_BACKEND_URL ?? "", process.cwd()) };
  const credentials = declareChildren({
    ...situation,
    owner,
    isEnvSecret,
    areFilesSecret,
    parent: app,
    engine: onEngine,
    dockerProvider,
  });
  const { network, balancers } = situation.declared.topology;
  return {
    outputs: outputsOf(situation, address && (await engineHost(address)), credentials),
    network: network.name,
    internalUrls: balancers.map(({ containerName }) => `http://${containerName}:${CONTAINER_PORTS.http}`),
  };
}

/**
 * Pulumi gives a default provider the config of its own name, which is the stack's. When that changes, Pulumi
 * ends the process of before, whatever it is at. This one has no config.
 */
class BalancerProvider extends pulumi.ProviderResource {
  constructor(name: string) {
    super("balancer", name, {});
  }
}

/** @param from Gets the resources from which arguments come. */
async function check(name: string, args: BalancedAppArgs, from: pulumi.Resource[]): Promise<CheckedArgs> {
  const { env, files, image, networks, credentialsOutput, ...others } = args;
  const inputs = Object.entries({ env, files, image, networks }).filter(([, value]) => value !== undefined);
  const settled = await settleInputs(name, Object.fromEntries(inputs));
  from.push(...settled.resources);
  const { isEnvSecret: isEnvMarked = false, areFilesSecret: areFilesMarked = false, ...plain } = others;
  const given = { ...plain, ...settled.values };
  const isEnvSecret = isEnvMarked || settled.secrets.includes("env");
  const areFilesSecret = areFilesMarked || settled.secrets.includes("files");
  const secrets = [...(isEnvSecret ? ["app.env"] : []), ...(areFilesSecret ? ["app.files"] : [])];
  const isOfApp = (key: string): boolean =>
    [CONFIG_KEYS, CONFIG_GROUPS].some((keys) => keys.has(`app.${key}`));
  const keyOf = (key: string): string => (isOfApp(key) ? `app.${key}` : key);
  const config = Object.fromEntries(Object.entries(given).map(([key, value]) => [keyOf(key), value]));
  const settings = withoutStack(() => checkSettings(name, config, secrets));
  return {
    ...{ settings, isEnvSecret, areFilesSecret },
    ...(credentialsOutput && { credentialsOutput }),
    makesNetworks: settled.fromResources.includes("networks"),
  };
}

/** Where a stack shall be, and what of it its resources are told. */
interface FoundPlace {
  readonly place: Place;
  /** Names the engine, or the Swarm. */
  readonly engine: EngineIdentity;
  /** The same for what is on the one engine. */
  readonly onEngine: EngineIdentity | undefined;
  /** Undefined on a Swarm, where not all is on one engine. */
  readonly address: EngineAddress | undefined;
}

/** Finds the engine or the Swarm that all of a stack shall be on. */
async function findPlace(settings: ConfiguredSettings): Promise<FoundPlace> {
  if (settings.swarm !== undefined) {
    const rebalances = process.env[REBALANCE_VARIABLE] === "true";
    const place = { ...(await connectSwarm(settings.swarm)), rebalances };
    const engine = await identifySwarm(place.docker);
    return { place, engine, onEngine: undefined, address: undefined };
  }
  const address = await findEngine();
  await reachableHost(address, settings);
  const docker = await connectEngine();
  const engine = await identifyEngine(docker);
  return { place: { docker }, engine, onEngine: engine, address };
}

/** Looks at the engine, and brings it the images that it shall have, before anything else is declared. */
async function lookAt(
  place: Place,
  settings: ConfiguredSettings,
  credentialsOutput?: string,
): Promise<Situation> {
  const { docker } = place;
  if (!pulumi.runtime.isDryRun()) {
    await pullImages(docker, imagesOf(settings));
    if (place.machines !== undefined) await bringToMachines(docker, place.machines, settings);
  }
  await refuseRoot(docker, settings);
  const credentials = settings.runtimeTls && (await readLastCredentials(credentialsOutput));
  return lookAtStack(place, settings, credentials);
}

async function tell({ declared, observed }: Situation): Promise<void> {
  for (const warning of describeWarnings(declared)) await pulumi.log.warn(warning);
  if (!pulumi.runtime.isDryRun()) return;
  for (const line of describeChanges(declared, observed)) await pulumi.log.info(line);
}

function outputsOf(
  { declared }: Situation,
  engineHost: string | undefined,
  runtimeTlsCredentials: pulumi.Output<Credentials> | undefined,
): BalancedAppOutputs {
  const { settings, topology, config } = declared;
  const { balancers, tls, runtimeTls, monitoring } = topology;
  const host = settings.bind === "0.0.0.0" ? (engineHost ?? LOOPBACK) : settings.bind;
  const hostOf = ({ machine }: Balancer): string => machine?.address ?? host;
  return {
    urls: balancers.map((each) => `http://${hostOf(each)}:${each.ports.http}`),
    ...(tls && { httpsUrls: balancers.map((each) => `https://${hostOf(each)}:${each.ports.https}`) }),
    statsUrls: balancers.map(({ ports }) => `http://${LOOPBACK}:${ports.stats}`),
    runtimeEndpoints: balancers.map(({ ports }) => `${LOOPBACK}:${ports.runtime}`),
    ...(runtimeTls && {
      runtimeTlsEndpoints: balancers.map((each) => formatEndpoint(runtimeEndpoint(topology, each))),
    }),
    ...(runtimeTlsCredentials && { runtimeTlsCredentials }),
    servers: topology.servers.map(({ name, address, port }) => ({ name, address: `${address}:${port}` })),
    ...(settings.swarm && { swarm: swarmOutput(settings.swarm) }),
    mode: settings.mode,
    sessionKey: formatSessionKey(settings.session.key),
    ...(settings.mode === "sticky" && { sessionCookie: settings.session.cookie.name }),
    ...(topology.hostSpeaksProxyProtocol && { proxyProtocol: true }),
    haproxyConfig: config.text,
    ...(monitoring && {
      prometheusUrl: `http://${LOOPBACK}:${monitoring.prometheus.port}`,
      grafanaUrl: `http://${LOOPBACK}:${monitoring.grafana.port}`,
    }),
  };
}

const swarmOutput = ({ managers, machines }: Swarm): NonNullable<StackOutputs["swarm"]> => ({
  managers,
  machines: machines.map(({ name, engine, isDown }) => ({ name, engine, isDown })),
});

/** Shows what the user can mend as Pulumi shows its own errors: the message alone. */
export function withoutStack<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    return throwWithoutStack(error);
  }
}

function throwWithoutStack(error: unknown): never {
  const isUsers =
    error instanceof SettingsError || error instanceof EngineError || error instanceof TemplateError;
  throw isUsers ? new pulumi.RunError(error.message) : error;
}
