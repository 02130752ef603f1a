import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "../engine/labels.ts";
import { clearContainer, clearNetwork, clearVolume, type Owner } from "../engine/leftovers.ts";
import { checkPortsFree, type PublishedPort } from "../engine/published-ports.ts";
import { CONFIG_FILE, CONFIG_FOLDER, type HaproxyConfig, PEER_VARIABLE } from "../haproxy/config.ts";
import { CONTAINER_PORTS } from "../haproxy/ports.ts";
import type { Settings } from "../settings.ts";
import type { Balancer, Server, Topology } from "../topology.ts";
import { ConfigFile } from "./config-file.ts";
import { clearedBeforeCreate, dockerLabels } from "./ownership.ts";
import { RuntimeSync } from "./runtime-sync.ts";

/** What a stack is made of. */
export interface BalancedAppArgs {
  readonly settings: Settings;
  readonly topology: Topology;
  readonly config: HaproxyConfig;
  readonly owner: Owner;
}

const LOOPBACK = "127.0.0.1";

/** A network, app containers on it, and HAProxy containers in front of them whose server list follows the count. */
export class BalancedApp extends pulumi.ComponentResource {
  readonly #args: BalancedAppArgs;

  constructor(name: string, args: BalancedAppArgs, options?: pulumi.ComponentResourceOptions) {
    super("balancer:index:BalancedApp", name, {}, options);
    this.#args = args;
    const network = this.#network();
    const apps = args.topology.servers.map((server) => this.#appContainer(server, network));
    for (const balancer of args.topology.balancers) this.#balancer(balancer, network, apps);
    this.registerOutputs({});
  }

  #network(): docker.Network {
    const { topology, owner } = this.#args;
    const { name, subnet, gateway } = topology.network;
    return new docker.Network(
      name,
      { name, ipamConfigs: [{ subnet, gateway }], labels: dockerLabels(owner, "network") },
      { parent: this, ...clearedBeforeCreate(name, (engine) => clearNetwork(engine, owner, { name, subnet })) },
    );
  }

  #appContainer({ containerName, address }: Server, network: docker.Network): docker.Container {
    const { app } = this.#args.settings;
    return this.#container(containerName, "app", {
      image: app.image,
      command: [...app.command],
      envs: Object.entries(app.env).map(([name, value]) => `${name}=${value}`),
      networksAdvanced: [{ name: network.name, ipv4Address: address }],
    });
  }

  #balancer(balancer: Balancer, network: docker.Network, apps: readonly docker.Container[]): void {
    const { settings, config } = this.#args;
    const configFile = this.#configFile(balancer);
    const haproxy = this.#haproxyContainer(balancer, network, configFile);
    new RuntimeSync(
      `${balancer.containerName}-runtime`,
      {
        endpoint: { kind: "tcp", host: LOOPBACK, port: balancer.ports.runtime },
        haproxyContainer: balancer.containerName,
        haproxyContainerId: haproxy.id,
        revision: config.revision,
        servers: this.#args.topology.servers,
        drainTimeoutMs: settings.drainTimeoutMs,
        readyTimeoutMs: settings.readyTimeoutMs,
      },
      { parent: this, dependsOn: [configFile, ...apps] },
    );
  }

  #configFile({ volumeName, peerName }: Balancer): ConfigFile {
    const { settings, config, owner } = this.#args;
    const volume = new docker.Volume(
      volumeName,
      { name: volumeName, labels: dockerLabels(owner, "config") },
      { parent: this, ...clearedBeforeCreate(volumeName, (engine) => clearVolume(engine, owner, volumeName)) },
    );
    return new ConfigFile(
      `${volumeName}-file`,
      {
        volumeName: volume.name,
        image: settings.haproxyImage,
        peerName,
        labels: labelsOf(owner.stack, owner.state, "config-check"),
        text: config.text,
      },
      { parent: this },
    );
  }

  #haproxyContainer(
    { containerName, address, volumeName, peerName, ports }: Balancer,
    network: docker.Network,
    configFile: ConfigFile,
  ): docker.Container {
    const { settings } = this.#args;
    return this.#container(
      containerName,
      "haproxy",
      {
        image: settings.haproxyImage,
        // A stop lets requests under way end, and refuses new ones meanwhile; a restart shall not do so for long.
        stopTimeout: 3,
        command: ["haproxy", "-S", "/var/lib/haproxy/master.sock,mode,600", "-f", `${CONFIG_FOLDER}/${CONFIG_FILE}`],
        envs: [`${PEER_VARIABLE}=${peerName}`],
        networksAdvanced: [{ name: network.name, ipv4Address: address }],
        volumes: [{ volumeName, containerPath: CONFIG_FOLDER }],
        ports: [
          { internal: CONTAINER_PORTS.http, external: ports.http, ip: settings.bind },
          { internal: CONTAINER_PORTS.runtime, external: ports.runtime, ip: LOOPBACK },
          { internal: CONTAINER_PORTS.stats, external: ports.stats, ip: LOOPBACK },
        ],
      },
      { dependsOn: [configFile] },
      [
        { key: "ports.http", address: settings.bind, port: ports.http },
        { key: "ports.runtime", address: LOOPBACK, port: ports.runtime },
        { key: "ports.stats", address: LOOPBACK, port: ports.stats },
      ],
    );
  }

  #container(
    name: string,
    role: "app" | "haproxy",
    args: docker.ContainerArgs,
    options: pulumi.CustomResourceOptions = {},
    published: readonly PublishedPort[] = [],
  ): docker.Container {
    const { owner } = this.#args;
    return new docker.Container(
      name,
      { name, restart: "unless-stopped", labels: dockerLabels(owner, role), ...args },
      {
        parent: this,
        ...options,
        ...clearedBeforeCreate(name, async (engine) => {
          await clearContainer(engine, owner, name);
          await checkPortsFree(engine, published);
        }),
      },
    );
  }
}
