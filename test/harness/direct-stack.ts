import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import tar from "tar-stream";
import { labelsOf, type Role } from "../../src/docker/labels.ts";
import { CONFIG_FILE, CONFIG_FOLDER, HAPROXY_COMMAND, PEER_VARIABLE } from "../../src/haproxy/container.ts";
import { type HaproxyConfig, renderConfig } from "../../src/haproxy/file/render.ts";
import { balancerPorts } from "../../src/stack/published-ports.ts";
import type { Settings } from "../../src/stack/settings.ts";
import { type Balancer, planTopology, type Server, type Topology } from "../../src/stack/topology.ts";
import { settingsOf } from "../unit/pulumi-config.ts";
import { untilPeersConnected } from "./peers.ts";
import { type Config, docker, groupedConfig, RunningStack } from "./running-stack.ts";
import type { StackName } from "./stack-places.ts";
import { until } from "./until.ts";

/** Whoever made it, as the labels tell. */
const STATE = "direct";

/**
 * A stack that is made without Pulumi: the real HAProxy with the rendered config and the real app containers,
 * and the outputs of a stack that is up, as the commands read them. It is there in two seconds.
 */
export class DirectStack extends RunningStack {
  readonly settings: Settings;
  readonly topology: Topology;
  readonly config: HaproxyConfig;

  private constructor(name: StackName, config: Config) {
    super(name);
    this.settings = settingsOf(groupedConfig({ ...this.placeConfig, ...config }), name);
    this.topology = planTopology(this.settings);
    this.config = renderConfig(this.topology);
  }

  /**
   * Makes the stack and waits until all of it is up, after removing what an earlier run left under its name.
   */
  static async create(name: StackName, config: Config = {}): Promise<DirectStack> {
    const stack = new DirectStack(name, config);
    await stack.removeLeftovers();
    const { name: network, subnet, gateway } = stack.topology.network;
    await docker.createNetwork({
      Name: network,
      Labels: stack.#labels("network"),
      IPAM: { Driver: "default", Config: [{ Subnet: subnet, Gateway: gateway }] },
    });
    const { balancers, servers } = stack.topology;
    await Promise.all([
      ...balancers.map((balancer) => stack.#startBalancer(balancer)),
      ...servers.map((server) => stack.startApp(server)),
    ]);
    stack.#writeState();
    const numbers = balancers.map((_, index) => index + 1);
    for (const n of numbers) await until(() => stack.areAllUp(n));
    if (balancers.length > 1) await untilPeersConnected(stack, numbers);
    return stack;
  }

  /** Starts the app container of a server. */
  async startApp({ containerName, address }: Server): Promise<void> {
    const { image, command } = this.settings.app;
    const { network } = this.topology;
    const container = await docker.createContainer({
      name: containerName,
      Image: image,
      Cmd: [...command],
      Labels: this.#labels("app"),
      HostConfig: { NetworkMode: network.name },
      NetworkingConfig: { EndpointsConfig: { [network.name]: { IPAMConfig: { IPv4Address: address } } } },
    });
    await container.start();
  }

  async #startBalancer({ containerName, peerName, address, ports }: Balancer): Promise<void> {
    const { network } = this.topology;
    const published = balancerPorts(this.settings, { containerName, ports });
    const container = await docker.createContainer({
      name: containerName,
      Image: this.settings.haproxyImage,
      Cmd: [...HAPROXY_COMMAND],
      Env: [`${PEER_VARIABLE}=${peerName}`],
      Labels: this.#labels("haproxy"),
      StopTimeout: 3,
      ExposedPorts: Object.fromEntries(published.map(({ internal }) => [`${internal}/tcp`, {}])),
      HostConfig: {
        NetworkMode: network.name,
        RestartPolicy: { Name: "unless-stopped" },
        PortBindings: Object.fromEntries(
          published.map(({ internal, address: HostIp, port }) => [
            `${internal}/tcp`,
            [{ HostIp, HostPort: String(port) }],
          ]),
        ),
      },
      NetworkingConfig: { EndpointsConfig: { [network.name]: { IPAMConfig: { IPv4Address: address } } } },
    });
    const pack = tar.pack();
    pack.entry({ name: CONFIG_FILE }, this.config.text);
    pack.finalize();
    await container.putArchive(await buffer(pack), { path: CONFIG_FOLDER });
    await container.start();
  }

  #labels(role: Role): Record<string, string> {
    return { ...labelsOf(this.name, STATE, role) };
  }

  /** Pulumi's state of a stack that is up, as far as the commands read it. */
  #writeState(): void {
    const { balancers, servers, mode } = this.topology;
    const outputs = {
      urls: balancers.map((_, index) => this.urlOf(index + 1)),
      statsUrls: balancers.map(({ ports }) => `http://127.0.0.1:${ports.stats}`),
      runtimeEndpoints: balancers.map(({ ports }) => `127.0.0.1:${ports.runtime}`),
      servers: servers.map(({ name, address, port }) => ({ name, address: `${address}:${port}` })),
      mode,
      haproxyConfig: this.config.text,
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
