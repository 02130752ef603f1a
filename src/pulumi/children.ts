import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { clearNetwork } from "../docker/leftovers.ts";
import { replacementOrder } from "../stack/balancer-order.ts";
import type { Credentials } from "../stack/endpoint.ts";
import { createAppServers, createRolloutEnd } from "./app-servers.ts";
import { createBalancer, inStepWith, type RunningBalancer, type StackTls } from "./balancer.ts";
import { createCertificate } from "./https-certificate.ts";
import { createMonitoring } from "./monitoring.ts";
import { clearedBeforeCreate, dockerLabels } from "./ownership.ts";
import { Guests, RuntimeSync, SharedSessions } from "./provided.ts";
import { createRuntimeTls } from "./runtime-tls.ts";
import { onDocker, type StackContext } from "./stack-context.ts";

/**
 * Declares everything that a stack has: the network, the balancers, the app servers, and what keeps them in
 * step.
 * @returns credentials of the runtime API; undefined without `runtimeTls`
 */
export function declareChildren(context: StackContext): pulumi.Output<Credentials> | undefined {
  const { declared, parent } = context;
  const { settings, topology, certificate: own } = declared;
  const network = createNetwork(context);
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
    const shared = { balancers: balancers.map(({ address }) => address), credentials };
    last.push(new SharedSessions(`${settings.stack}-shared-sessions`, shared, { parent, dependsOn: syncs }));
  }
  if (topology.monitoring !== undefined)
    last.push(...createMonitoring(topology.monitoring, context, network, syncs));
  createGuests(context, network, last);
  return credentials;
}

/** @param after What must be done before the balancer's server list changes. */
function createSync(
  { address, container, upkeep, configFile, configFileInputs }: RunningBalancer,
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
    { parent, dependsOn: [configFile, upkeep, ...after] },
  );
}

/** @param dependsOn The last of what a stack has: on these nothing else depends. */
function createGuests(
  { owner: { stack }, parent, engine }: StackContext,
  network: docker.Network,
  dependsOn: pulumi.Resource[],
): void {
  new Guests(
    `${stack}-guests`,
    { network: network.name, networkId: network.id, stack, engine },
    { parent, dependsOn },
  );
}

/**
 * Declares the balancers. Where some exist, those that are replaced or added go one at a time, each when the
 * one before serves, so that clients always find the others. A first update has nobody to keep served, and
 * creates them at once.
 */
function createBalancers(context: StackContext, tls: StackTls, network: docker.Network): RunningBalancer[] {
  const { declared, observed } = context;
  const created: RunningBalancer[] = [];
  for (const balancer of replacementOrder(declared.topology.balancers, observed.balancers)) {
    const last = created.at(-1);
    const after = last !== undefined && observed.balancers.size > 0 ? [last.serving] : [];
    created.push(createBalancer(balancer, { ...context, ...tls, network, after }));
  }
  return created;
}

function createNetwork(context: StackContext): docker.Network {
  const { declared, owner } = context;
  const { name, subnet, gateway, guests: ipRange } = declared.topology.network;
  return new docker.Network(
    name,
    { name, ipamConfigs: [{ subnet, gateway, ipRange }], labels: dockerLabels(owner, "network") },
    {
      ...onDocker(context),
      ignoreChanges: ["labels"],
      ...clearedBeforeCreate(name, (engine) => clearNetwork(engine, owner, { name, subnet })),
    },
  );
}
