import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { clearNetwork, type Owner } from "../docker/leftovers.ts";
import type { HaproxyConfig } from "../haproxy/file/render.ts";
import { replacementOrder } from "../stack/balancer-order.ts";
import type { Credentials } from "../stack/endpoint.ts";
import type { ObservedApp, ObservedBalancer } from "../stack/observed.ts";
import { type Rollout, replacedServers } from "../stack/rollout.ts";
import type { Settings } from "../stack/settings.ts";
import type { Topology } from "../stack/topology.ts";
import type { Certificate } from "../tls/certificate.ts";
import { createAppContainers } from "./app-containers.ts";
import { createBalancer, type RunningBalancer } from "./balancer.ts";
import { createCertificate, type StackCertificate } from "./certificate.ts";
import { createMonitoring, MONITORING_PIDS } from "./monitoring.ts";
import { clearedBeforeCreate, dockerLabels } from "./ownership.ts";
import { PidsLimit } from "./pids-limit.ts";
import { RuntimeSync } from "./runtime-sync.ts";
import { createRuntimeTls, type StackRuntimeTls } from "./runtime-tls.ts";

/** What a stack is made of, and what of it exists. */
export interface BalancedAppArgs {
  readonly settings: Settings;
  readonly topology: Topology;
  readonly config: HaproxyConfig;
  /** The user's own certificate, where the config names a file. */
  readonly certificate: Certificate | undefined;
  /** Docker's log driver of all containers, by name. */
  readonly logDriver: string;
  /** Whether the state keeps the app's environment encrypted. */
  readonly isEnvSecret: boolean;
  readonly owner: Owner;
  /** App containers that exist, by name. */
  readonly observedApps: ReadonlyMap<string, ObservedApp>;
  /** HAProxy containers that exist, by name. */
  readonly observedBalancers: ReadonlyMap<string, ObservedBalancer>;
  readonly rollout: Rollout;
}

/** A network, app containers on it, and HAProxy containers in front of them whose server list follows the count. */
export class BalancedApp extends pulumi.ComponentResource {
  /** What a client of the runtime API by mutual TLS takes, a secret; undefined where that is off. */
  readonly runtimeCredentials: pulumi.Output<Credentials> | undefined;

  constructor(name: string, args: BalancedAppArgs, options?: pulumi.ComponentResourceOptions) {
    super("balancer:index:BalancedApp", name, {}, options);
    const { settings, topology, config, rollout } = args;
    const network = createNetwork(args, this);
    const certificate = createCertificate(settings, args.certificate, this);
    const runtimeTls = createRuntimeTls(settings, this);
    this.runtimeCredentials = runtimeTls?.client;
    const balancers = createBalancers({ ...args, certificate, runtimeTls }, network, this);
    const apps = createAppContainers({
      ...args,
      network,
      balancers,
      credentials: runtimeTls?.client,
      parent: this,
    });
    const [haproxies, { limits }] = [balancers.map(({ container }) => container), settings.app.confinement];
    limitPids(`${name}-haproxy-pids`, haproxies, settings.haproxyLimits.pids, this);
    limitPids(`${name}-app-pids`, apps, limits.pids, this);
    const syncs = balancers.map(
      ({ address, container, configFile, configFileInputs }) =>
        new RuntimeSync(
          `${address.haproxyContainer}-runtime`,
          {
            ...address,
            haproxyContainerId: container.id,
            revision: config.revision,
            replaced: [...replacedServers(rollout)],
            servers: topology.servers,
            configFile: configFileInputs,
            certificate: certificate?.declared,
            credentials: runtimeTls?.client,
            drainTimeoutMs: settings.drainTimeoutMs,
            readyTimeoutMs: settings.readyTimeoutMs,
          },
          { parent: this, dependsOn: [configFile, ...apps] },
        ),
    );
    if (topology.monitoring !== undefined) {
      const services = createMonitoring(topology.monitoring, {
        ...args,
        network,
        after: syncs,
        parent: this,
      });
      limitPids(`${name}-monitoring-pids`, services, MONITORING_PIDS, this);
    }
    this.registerOutputs({});
  }
}

const limitPids = (
  name: string,
  containers: readonly docker.Container[],
  limit: number,
  parent: pulumi.Resource,
): PidsLimit => new PidsLimit(name, { containerIds: containers.map(({ id }) => id), limit }, { parent });

interface StackTls {
  readonly certificate: StackCertificate | undefined;
  readonly runtimeTls: StackRuntimeTls | undefined;
}

/**
 * Declares the balancers. Where some exist, those that are replaced or added go one at a time, each when the one before
 * serves, so that clients always find the others. A first update has nobody to keep served, and creates them at once.
 */
function createBalancers(
  args: Omit<BalancedAppArgs, "certificate"> & StackTls,
  network: docker.Network,
  parent: pulumi.Resource,
): RunningBalancer[] {
  const { topology, observedBalancers } = args;
  const created: RunningBalancer[] = [];
  for (const balancer of replacementOrder(topology.balancers, observedBalancers)) {
    const last = created.at(-1);
    const after = last !== undefined && observedBalancers.size > 0 ? [last.serving] : [];
    created.push(createBalancer(balancer, { ...args, network, after, parent }));
  }
  return created;
}

function createNetwork({ topology, owner }: BalancedAppArgs, parent: pulumi.Resource): docker.Network {
  const { name, subnet, gateway } = topology.network;
  return new docker.Network(
    name,
    { name, ipamConfigs: [{ subnet, gateway }], labels: dockerLabels(owner, "network") },
    {
      parent,
      ignoreChanges: ["labels"],
      ...clearedBeforeCreate(name, (engine) => clearNetwork(engine, owner, { name, subnet })),
    },
  );
}
