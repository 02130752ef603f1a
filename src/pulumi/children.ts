import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "../docker/labels.ts";
import { clearNetwork } from "../docker/leftovers.ts";
import { replacementOrder } from "../stack/balancer-order.ts";
import type { Credentials } from "../stack/endpoint.ts";
import type { Topology } from "../stack/topology.ts";
import { ENCRYPTED_OPTION, MTU_OPTION } from "../swarm/overlay.ts";
import { createAppServers, createRolloutEnd } from "./app-servers.ts";
import { createBalancer, inStepWith, type RunningBalancer, type StackTls } from "./balancer.ts";
import { createCertificate } from "./https-certificate.ts";
import { createMonitoring } from "./monitoring.ts";
import { clearedBeforeCreate, dockerLabels, machineInputs, swarmInputs } from "./ownership.ts";
import { Guests, OverlayNetwork, RuntimeSync, SharedSessions } from "./provided.ts";
import { createRuntimeTls } from "./runtime-tls.ts";
import { onDocker, type StackContext, type StackNetwork } from "./stack-context.ts";

/**
 * Declares everything that a stack has: the network, the balancers, the app servers, and what keeps them in
 * step.
 * @returns credentials of the runtime API; undefined without `runtimeTls`
 */
export function declareChildren(context: StackContext): pulumi.Output<Credentials> | undefined {
  const { declared, parent } = context;
  const { settings, topology, certificate: own } = declared;
  const network =
    topology.swarm === undefined ? createNetwork(context) : createOverlay(context, topology.swarm);
  const certificate = createCertificate(settings, own, parent);
  const runtimeTls = createRuntimeTls(settings, parent);
  const credentials = runtimeTls?.client;
  const balancers = createBalancers(context, { certificate, runtimeTls }, network);
  const appServersArgs = { ...context, network: network.name, balancers, credentials };
  const apps = createAppServers(appServersArgs);
  const rolloutEnd = createRolloutEnd(apps, appServersArgs);
  const syncs = balancers.map((balancer) =>
    createSync(balancer, context, { certificate, runtimeTls }, [rolloutEnd, ...apps]),
  );
  const last: pulumi.Resource[] = [...syncs, ...balancers.map(({ serving }) => serving)];
  if (settings.mode === "sticky" && balancers.length > 1) {
    const shared = {
      balancers: balancers.flatMap(({ address, isDown }) => (isDown ? [] : [address])),
      credentials,
    };
    last.push(new SharedSessions(`${settings.stack}-shared-sessions`, shared, { parent, dependsOn: syncs }));
  }
  if (topology.monitoring !== undefined)
    last.push(...createMonitoring(topology.monitoring, context, network, syncs));
  createGuests(context, network, last);
  return credentials;
}

/** @param after What must be done before the balancer's server list changes. */
function createSync(
  { address, container, configFile, configFileInputs }: RunningBalancer,
  { declared, parent }: StackContext,
  { certificate, runtimeTls }: StackTls,
  after: readonly pulumi.Resource[],
): RuntimeSync {
  return new RuntimeSync(
    `${address.haproxyContainer}-runtime`,
    {
      ...address,
      haproxyContainerId: container.id,
      ...inStepWith(declared),
      configFile: configFileInputs,
      certificate: certificate?.declared,
      credentials: runtimeTls?.client,
    },
    { parent, dependsOn: [configFile, ...container.resources, ...after] },
  );
}

/** @param dependsOn The last of what a stack has: on these nothing else depends. */
function createGuests(
  { declared: { topology }, owner: { stack }, parent, engine }: StackContext,
  network: StackNetwork,
  dependsOn: pulumi.Resource[],
): void {
  new Guests(
    `${stack}-guests`,
    {
      ...{ network: network.name, networkId: network.id, stack, engine },
      ...(topology.swarm && {
        swarm: swarmInputs(topology.swarm),
        machines: topology.balancers.flatMap(({ machine }) => (machine ? [machineInputs(machine)] : [])),
      }),
    },
    { parent, dependsOn },
  );
}

/**
 * Declares the balancers. Where some exist, those that are replaced or added go one at a time, each when the
 * one before serves, so that clients always find the others. A first update has nobody to keep served, and
 * creates them at once.
 */
function createBalancers(context: StackContext, tls: StackTls, network: StackNetwork): RunningBalancer[] {
  const { declared, observed } = context;
  const created: RunningBalancer[] = [];
  for (const balancer of replacementOrder(declared.topology.balancers, observed.balancers)) {
    const last = created.at(-1);
    const after = last !== undefined && observed.balancers.size > 0 ? [last.serving] : [];
    created.push(createBalancer(balancer, { ...context, ...tls, network, after }));
  }
  return created;
}

/** Declares a network over the machines of a Swarm. */
function createOverlay(
  { declared, owner, parent }: StackContext,
  swarm: NonNullable<Topology["swarm"]>,
): StackNetwork {
  const { network } = declared.topology;
  const { name, subnet, gateway, guests: ipRange } = network;
  const options = {
    ...(swarm.isEncrypted && { [ENCRYPTED_OPTION]: "true" }),
    ...(swarm.mtu !== undefined && { [MTU_OPTION]: String(swarm.mtu) }),
  };
  const resource = new OverlayNetwork(
    name,
    {
      swarm: swarmInputs(swarm),
      ...{ name, subnet, gateway, ipRange, options },
      labels: labelsOf(owner.stack, owner.state, "network"),
    },
    { parent },
  );
  return { name: resource.name, id: resource.networkId, resource };
}

function createNetwork(context: StackContext): StackNetwork {
  const { declared, owner } = context;
  const { name, subnet, gateway, guests: ipRange } = declared.topology.network;
  const resource = new docker.Network(
    name,
    { name, ipamConfigs: [{ subnet, gateway, ipRange }], labels: dockerLabels(owner, "network") },
    {
      ...onDocker(context),
      ignoreChanges: ["labels"],
      ...clearedBeforeCreate(name, (engine) => clearNetwork(engine, owner, { name, subnet })),
    },
  );
  return { name: resource.name, id: resource.id, resource };
}
