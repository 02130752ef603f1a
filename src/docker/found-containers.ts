import type Docker from "dockerode";
import pMap from "p-map";
import { CERTIFICATE_FILE, CONFIG_FILE } from "../haproxy/container.ts";
import { type MadeFrom, shortId } from "../stack/made-from.ts";
import type { ObservedApp, ObservedBalancer, ObservedDrift } from "../stack/observed.ts";
import type { Topology } from "../stack/topology.ts";
import { digestOf } from "../tls/certificate.ts";
import { findDrift, type Upkeep } from "./drift.ts";
import { ifFound } from "./engine-error.ts";
import { inspectContainer, inspectNetwork, listContainers } from "./engine-replies.ts";
import { definitionOf, madeFromOf, ROLE_LABEL, STACK_LABEL } from "./labels.ts";
import { lastingLimits } from "./limits.ts";
import { checkAddressesFree } from "./network-guests.ts";
import { readMountedFile } from "./volume-command.ts";

/** Finds the stack's app containers by name, whether they run or not. */
export async function observeApps(docker: Docker, stack: string): Promise<ReadonlyMap<string, ObservedApp>> {
  const found = await listContainers(docker, {
    all: true,
    filters: { label: [`${STACK_LABEL}=${stack}`, `${ROLE_LABEL}=app`] },
  });
  return new Map(
    found.map(({ name, Labels, ImageID, State }) => [
      name,
      {
        definition: definitionOf(Labels, ImageID) || "unknown",
        madeFrom: madeFromOf(Labels, ImageID, "app.image"),
        image: shortId(ImageID),
        isRunning: State === "running",
      },
    ]),
  );
}

/** Finds the stack's HAProxy containers by name, whether they run or not. */
export async function observeBalancers(
  docker: Docker,
  stack: string,
): Promise<ReadonlyMap<string, ObservedBalancer>> {
  const listed = await listContainers(docker, {
    all: true,
    filters: { label: [`${STACK_LABEL}=${stack}`, `${ROLE_LABEL}=haproxy`] },
  });
  const found = await Promise.all(
    listed.map(async ({ name }) => [name, await observeBalancer(docker, name)] as const),
  );
  return new Map(
    found.flatMap(([name, balancer]) => (balancer === undefined ? [] : [[name, balancer] as const])),
  );
}

/** Finds what Prometheus and Grafana were made from, by container name. */
export async function observeMonitoring(
  docker: Docker,
  stack: string,
): Promise<ReadonlyMap<string, MadeFrom>> {
  const found = await listContainers(docker, { filters: { label: [`${STACK_LABEL}=${stack}`] } });
  return new Map(
    found.flatMap(({ name, Labels, ImageID }) => {
      const role = Labels[ROLE_LABEL];
      const isIt = role === "prometheus" || role === "grafana";
      return isIt ? [[name, madeFromOf(Labels, ImageID, `${role}Image`)] as const] : [];
    }),
  );
}

/** Looks at what somebody did to the app containers, and to the others. */
export async function observeDrift(
  docker: Docker,
  apps: ReadonlyMap<string, Upkeep>,
  others: ReadonlyMap<string, Upkeep>,
): Promise<ReadonlyMap<string, ObservedDrift>> {
  const look = async ([name, upkeep]: readonly [string, Upkeep]) => {
    const found = await inspectContainer(docker, name);
    if (found === undefined) return [];
    const { limits, address, networks, apart } = await findDrift(docker, found, upkeep);
    const lasting = lastingLimits(found.HostConfig);
    // An app container at another address serves nobody, and is replaced.
    const drift = apps.has(name)
      ? { inPlace: limits, lasting: [...address, ...apart, ...lasting] }
      : { inPlace: [...limits, ...address, ...networks], lasting };
    return [[name, drift] as const];
  };
  return new Map((await pMap([...apps, ...others], look, { concurrency: AT_A_TIME })).flat());
}

/** An engine with hundreds of containers shall not be asked for all at once. */
const AT_A_TIME = 8;

/**
 * Finds the subnet of a stack's network. The result is undefined when there is no such network.
 * @throws {EngineError} Somebody has an address on it that the stack gives to a container of its own.
 */
export async function observeSubnet(docker: Docker, topology: Topology): Promise<string | undefined> {
  const found = await inspectNetwork(docker, topology.network.name);
  if (found === undefined) return undefined;
  const subnet = found.IPAM.Config[0]?.Subnet;
  // In another subnet the stack's containers have other addresses: the network is replaced, and they with it.
  if (subnet === topology.network.subnet) await checkAddressesFree(docker, topology);
  return subnet;
}

async function observeBalancer(docker: Docker, name: string): Promise<ObservedBalancer | undefined> {
  const found = await inspectContainer(docker, name);
  if (found === undefined) return undefined;
  const { Config, Image, State } = found;
  const container = docker.getContainer(name);
  return ifFound(async () => {
    const [pem, configText] = await Promise.all([
      readMountedFile(container, CERTIFICATE_FILE),
      readMountedFile(container, CONFIG_FILE),
    ]);
    return {
      isRunning: State.Running,
      madeFrom: madeFromOf(Config.Labels, Image, "haproxyImage"),
      configText,
      certificateDigest: pem === undefined ? undefined : digestOf(pem),
    };
  });
}
