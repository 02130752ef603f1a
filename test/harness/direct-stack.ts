import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import tar from "tar-stream";
import { appArguments } from "../../src/docker/container-arguments.ts";
import { labelsOf, type Role } from "../../src/docker/labels.ts";
import { stateFileIn } from "../../src/docker/state-file.ts";
import {
  CERTIFICATE_FILE,
  CONFIG_FILE,
  CONFIG_FOLDER,
  HAPROXY_COMMAND,
  HAPROXY_USER,
  PEER_VARIABLE,
} from "../../src/haproxy/container.ts";
import { type HaproxyConfig, renderConfig } from "../../src/haproxy/file/render.ts";
import { type Sharer, shareSessions } from "../../src/haproxy/servers/share-sessions.ts";
import { type SyncTarget, sync } from "../../src/haproxy/servers/sync.ts";
import { balancerPorts } from "../../src/stack/published-ports.ts";
import { formatSessionKey } from "../../src/stack/session-key.ts";
import type { Settings } from "../../src/stack/settings.ts";
import { type Balancer, planTopology, type Server, type Topology } from "../../src/stack/topology.ts";
import { createSelfSigned } from "../../src/tls/issuing.ts";
import { settingsOf } from "./pulumi-config.ts";
import { type Config, docker, groupedConfig, RunningStack } from "./running-stack.ts";
import type { StackName } from "./stack-places.ts";
import { until } from "./until.ts";

/** Whoever made it, as the labels tell. */
const STATE = "direct";
const LOG_DRIVER = "local";
/** HAProxy may try a peer again some times, five seconds from each other. */
const SHARING_TIMEOUT_MS = 20_000;

/**
 * A stack that is made without Pulumi: the real HAProxy with the rendered config, the app containers as the
 * engine gets them from an update, and the outputs of a stack that is up, as the commands read them. It is
 * there in two seconds.
 */
export class DirectStack extends RunningStack {
  #given: Config;
  #settings: Settings;
  #topology: Topology;
  #config: HaproxyConfig;

  private constructor(name: StackName, config: Config) {
    super(name);
    this.#given = { ...this.placeConfig, ...config };
    ({ settings: this.#settings, topology: this.#topology, config: this.#config } = this.#plan());
  }

  /**
   * Makes the stack and waits until all of it is up, after removing what an earlier run left under its name.
   */
  static async create(name: StackName, config: Config = {}): Promise<DirectStack> {
    const stack = new DirectStack(name, config);
    await stack.removeLeftovers();
    const { name: network, subnet, gateway } = stack.#topology.network;
    await docker.createNetwork({
      Name: network,
      Labels: stack.#labels("network"),
      IPAM: { Driver: "default", Config: [{ Subnet: subnet, Gateway: gateway }] },
    });
    const { balancers, servers } = stack.#topology;
    const pem = stack.#topology.tls && (await createSelfSigned(name, ["localhost"], new Date()));
    await Promise.all([
      ...balancers.map((balancer) => stack.#startBalancer(balancer, pem)),
      ...servers.map((server) => stack.#startApp(server)),
    ]);
    stack.#writeState();
    for (const n of balancers.keys()) await until(() => stack.areAllUp(n + 1));
    await stack.shareSessions();
    return stack;
  }

  /** What is declared, in HAProxy's order. */
  get declared(): readonly Server[] {
    return this.#topology.servers;
  }

  /**
   * Brings the stack to another config, as an update does: new app containers first, then the running
   * HAProxys, then what they know of sessions, and in the end the containers that nobody declares.
   * @returns what the HAProxys told
   */
  async update(changes: Config): Promise<string[]> {
    const before = this.declared;
    await this.declare(changes);
    const { servers, balancers } = this.#topology;
    const isIn = (list: readonly Server[]) => (server: Server) =>
      list.some(({ name }) => name === server.name);
    await Promise.all(
      servers.filter((server) => !isIn(before)(server)).map((server) => this.#startApp(server)),
    );
    const told: string[] = [];
    for (const n of balancers.keys()) told.push(...(await this.sync({}, n + 1)));
    await this.shareSessions();
    const gone = before.filter((server) => !isIn(servers)(server));
    await Promise.all(
      gone.map(({ containerName }) => docker.getContainer(containerName).remove({ force: true })),
    );
    return told;
  }

  /**
   * Declares something else, which changes no container: puts the file of it where HAProxy reads it. A
   * {@link sync} brings the running HAProxy there.
   */
  async declare(changes: Config): Promise<void> {
    this.#given = { ...this.#given, ...changes };
    ({ settings: this.#settings, topology: this.#topology, config: this.#config } = this.#plan());
    this.#writeState();
    const archive = await this.#archive();
    for (const { containerName } of this.#topology.balancers)
      await docker.getContainer(containerName).putArchive(archive, { path: CONFIG_FOLDER });
  }

  /**
   * Brings the n-th HAProxy to what is declared.
   * @returns what it told
   */
  async sync(
    timeouts: Partial<Pick<SyncTarget, "drainTimeoutMs" | "readyTimeoutMs">> = {},
    n = 1,
  ): Promise<string[]> {
    const { drainTimeoutMs, readyTimeoutMs } = this.#settings;
    using haproxy = this.haproxyOf(n);
    const { revision } = this.#config;
    const told: string[] = [];
    const { check, balancers } = this.#topology;
    const target = {
      ...{
        haproxy,
        revision,
        check,
        servers: this.declared,
        drainTimeoutMs,
        readyTimeoutMs,
        ...timeouts,
      },
      stateFile: stateFileIn(docker, balancers[n - 1]?.containerName ?? ""),
    };
    await sync(target, (line) => told.push(line));
    return told;
  }

  /**
   * Has all balancers know the same of sessions, and share what they learn from now on, for good: those that
   * have just begun may lose each other once more. In mode hash, and with one balancer, nothing is to share.
   * @returns what was told
   */
  async shareSessions(timeoutMs = SHARING_TIMEOUT_MS): Promise<string[]> {
    const { mode, balancers } = this.#topology;
    if (mode === "hash" || balancers.length === 1) return [];
    const told: string[] = [];
    const sharers = this.sharers();
    try {
      await shareSessions(sharers, { timeoutMs }, (line, kind) => {
        if (kind !== "progress") told.push(line);
      });
    } finally {
      for (const { haproxy } of sharers) haproxy[Symbol.dispose]();
    }
    return told;
  }

  /** The balancers as those that share sessions. */
  sharers(): Sharer[] {
    return this.#topology.balancers.map(({ containerName }, index) => ({
      haproxyContainer: containerName,
      haproxy: this.haproxyOf(index + 1),
    }));
  }

  #plan(): { readonly settings: Settings; readonly topology: Topology; readonly config: HaproxyConfig } {
    const settings = settingsOf(groupedConfig(this.#given), this.name);
    const topology = planTopology(settings);
    return { settings, topology, config: renderConfig(topology) };
  }

  async #startApp({ containerName: name, address }: Server): Promise<void> {
    const { image, command, env, confinement } = this.#settings.app;
    const network = this.#topology.network.name;
    const made = appArguments({
      ...{ image, command, env, confinement },
      ...{ logDriver: LOG_DRIVER, network, address },
    });
    const container = await docker.createContainer({ ...made, name, Labels: this.#labels("app") });
    await container.start();
  }

  async #startBalancer(
    { containerName: name, peerName, address, ports }: Balancer,
    pem: string | undefined,
  ): Promise<void> {
    const published = balancerPorts(this.#settings, { containerName: name, ports });
    const made = appArguments({
      image: this.#settings.haproxyImage,
      command: HAPROXY_COMMAND,
      env: { [PEER_VARIABLE]: peerName },
      confinement: {
        user: HAPROXY_USER,
        readOnly: false, // its files are in the container itself
        tmpfs: [],
        capabilities: [],
        allowPrivilegeEscalation: false,
        limits: this.#settings.haproxyLimits,
      },
      ...{ logDriver: LOG_DRIVER, network: this.#topology.network.name, address },
    });
    const container = await docker.createContainer({
      ...made,
      name,
      Labels: this.#labels("haproxy"),
      StopTimeout: 3,
      ExposedPorts: Object.fromEntries(published.map(({ internal }) => [`${internal}/tcp`, {}])),
      HostConfig: {
        ...made.HostConfig,
        PortBindings: Object.fromEntries(
          published.map(({ internal, address: HostIp, port }) => [
            `${internal}/tcp`,
            [{ HostIp, HostPort: String(port) }],
          ]),
        ),
      },
    });
    await container.putArchive(await this.#archive(pem), { path: CONFIG_FOLDER });
    await container.start();
  }

  #archive(pem?: string): Promise<Buffer> {
    const pack = tar.pack();
    pack.entry({ name: CONFIG_FILE }, this.#config.text);
    if (pem !== undefined) pack.entry({ name: CERTIFICATE_FILE }, pem);
    pack.finalize();
    return buffer(pack);
  }

  #labels(role: Role): Record<string, string> {
    return { ...labelsOf(this.name, STATE, role) };
  }

  /** Pulumi's state of a stack that is up, as far as the commands read it. */
  #writeState(): void {
    const { balancers, servers, mode, tls, session, hostSpeaksProxyProtocol } = this.#topology;
    const outputs = {
      urls: balancers.map(({ ports }) => `http://${this.#settings.bind}:${ports.http}`),
      ...(tls && {
        httpsUrls: balancers.map(({ ports }) => `https://${this.#settings.bind}:${ports.https}`),
      }),
      statsUrls: balancers.map(({ ports }) => `http://127.0.0.1:${ports.stats}`),
      runtimeEndpoints: balancers.map(({ ports }) => `127.0.0.1:${ports.runtime}`),
      servers: servers.map(({ name, address, port }) => ({ name, address: `${address}:${port}` })),
      mode,
      sessionKey: formatSessionKey(session.key),
      sessionCookie: mode === "sticky" ? session.cookie.name : undefined,
      ...(hostSpeaksProxyProtocol && { proxyProtocol: true }),
      haproxyConfig: this.#config.text,
    };
    const type = "pulumi:pulumi:Stack";
    const urn = `urn:pulumi:${this.name}::balancer::${type}::balancer-${this.name}`;
    const latest = { resources: [{ urn, custom: false, type, outputs }] };
    const folder = join(this.folder, ".pulumi/stacks/balancer");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(this.folder, ".pulumi/meta.yaml"), "version: 1\n");
    writeFileSync(join(folder, `${this.name}.json`), JSON.stringify({ version: 3, checkpoint: { latest } }));
  }
}
