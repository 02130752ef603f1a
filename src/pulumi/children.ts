import type * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "../docker/labels.ts";
import { replacementOrder } from "../stack/balancer-order.ts";
import type { Credentials } from "../stack/endpoint.ts";
import type { Topology } from "../stack/topology.ts";
import { ENCRYPTED_OPTION, MTU_OPTION } from "../swarm/overlay.ts";
import { createAppServers, createRolloutEnd } from "./app-servers.ts";
import { createBalancer, inStepWith, type RunningBalancer, type StackTls } from "./balancer.ts";
import { createCertificate } from "./https-certificate.ts";
import { createMonitoring } from "./monitoring.ts";
import { machineInputs, swarmInputs } from "./ownership.ts";
import { BridgeNetwork, Guests, OverlayNetwork, RuntimeSync, SharedSessions } from "./provided.ts";
import { createRuntimeTls } from "./runtime-tls.ts";
import type { StackContext, StackNetwork } from "./stack-context.ts";

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
function createOverlay(context: StackContext, swarm: NonNullable<Topology["swarm"]>): StackNetwork {
  const options = {
    ...(swarm.isEncrypted && { [ENCRYPTED_OPTION]: "true" }),
    ...(swarm.mtu !== undefined && { [MTU_OPTION]: String(swarm.mtu) }),
  };
  const inputs = { ...describeNetwork(context), swarm: swarmInputs(swarm), options };
  const resource = new OverlayNetwork(inputs.name, inputs, { parent: context.parent });
  return { name: resource.name, id: resource.networkId, resource };
}

/** Declares a network on the engine, after what refuses another engine. */
function createNetwork(context: StackContext): StackNetwork {
  const { parent, dockerProvider, engine } = context;
  const inputs = { ...describeNetwork(context), engine };
  const dependsOn = dockerProvider === undefined ? [] : [dockerProvider];
  const resource = new BridgeNetwork(inputs.name, inputs, { parent, dependsOn });
  return { name: resource.name, id: resource.networkId, resource };
}

function describeNetwork({ declared, owner }: StackContext) {
  const { name, subnet, gateway, guests: ipRange } = declared.topology.network;
  return { name, subnet, gateway, ipRange, labels: labelsOf(owner.stack, owner.state, "network") };
}
