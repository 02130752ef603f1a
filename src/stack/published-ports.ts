import { CONTAINER_PORTS } from "./container-ports.ts";
import { type Service, servicesOf } from "./monitoring-services.ts";
import type { Settings } from "./settings.ts";
import { type Balancer, LOOPBACK, type Topology } from "./topology.ts";

/** A host port that a container publishes, and the config keys that name it. */
export interface PublishedPort {
  readonly containerName: string;
  readonly key: string;
  readonly address: string;
  /** Config key of the address. Undefined for an address that need not be checked: loopback, or remote. */
  readonly addressKey: string | undefined;
  readonly port: number;
}

/** Lists the host ports that a balancer publishes, with the ports of its container. */
export function balancerPorts(
  { bind, runtimeTls }: Settings,
  {
    containerName,
    ports,
    machine,
  }: Pick<Balancer, "containerName" | "ports"> & Partial<Pick<Balancer, "machine">>,
): readonly (PublishedPort & { readonly internal: number })[] {
  const publish = (
    key: string,
    port: number | undefined,
    internal: number,
    at: Pick<PublishedPort, "address" | "addressKey"> = ON_LOOPBACK,
  ) => (port === undefined ? [] : [{ containerName, key, port, internal, ...at }]);
  if (machine !== undefined) {
    // On all of a machine's addresses where its own is given to it by somebody in front.
    const at = { address: bind === LOOPBACK ? machine.address : bind, addressKey: undefined };
    return [
      ...publish("ports.http", ports.http, CONTAINER_PORTS.http, at),
      ...publish("ports.https", ports.https, CONTAINER_PORTS.https, at),
      ...publish("ports.runtime", ports.runtime, CONTAINER_PORTS.runtime),
      ...publish("ports.runtimeTls", ports.runtimeTls, CONTAINER_PORTS.runtimeTls, at),
      ...publish("ports.stats", ports.stats, CONTAINER_PORTS.stats),
    ];
  }
  const isHere = (runtimeTls?.host ?? "") === "";
  const forClients = { address: bind, addressKey: isHere ? "bind" : undefined };
  const forRuntimeTls = {
    address: runtimeTls?.bind ?? LOOPBACK,
    addressKey: isHere ? "runtimeTls.bind" : undefined,
  };
  return [
    ...publish("ports.http", ports.http, CONTAINER_PORTS.http, forClients),
    ...publish("ports.https", ports.https, CONTAINER_PORTS.https, forClients),
    ...publish("ports.runtime", ports.runtime, CONTAINER_PORTS.runtime),
    ...publish("ports.runtimeTls", ports.runtimeTls, CONTAINER_PORTS.runtimeTls, forRuntimeTls),
    ...publish("ports.stats", ports.stats, CONTAINER_PORTS.stats),
  ];
}

const ON_LOOPBACK = { address: LOOPBACK, addressKey: undefined } as const;

/** The host port that Prometheus or Grafana publishes. */
export function servicePort({ containerName, role, port }: Service): PublishedPort {
  return { ...ON_LOOPBACK, containerName, key: `ports.${role}`, port };
}

/** Lists every host port of a stack. */
export const stackPorts = (settings: Settings, { balancers, monitoring }: Topology) => [
  ...balancers.flatMap((balancer) => balancerPorts(settings, balancer)),
  ...servicesOf(monitoring).map(servicePort),
];
