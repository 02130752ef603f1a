import { CONTAINER_PORTS } from "./haproxy/ports.ts";
import type { Settings } from "./settings.ts";
import { type Balancer, LOOPBACK, type Topology } from "./topology.ts";

/** A host port that a container publishes, and the config keys that name it. */
export interface PublishedPort {
  readonly key: string;
  readonly address: string;
  /** Of the address; undefined for the loopback, which no key changes. */
  readonly addressKey: string | undefined;
  readonly port: number;
}

/** What a balancer publishes, with its container's own ports. */
export function balancerPorts(
  { bind, runtimeTls }: Settings,
  { ports }: Pick<Balancer, "ports">,
): readonly (PublishedPort & { readonly internal: number })[] {
  const { http, https, runtime, runtimeTls: runtimeTlsPort, stats } = ports;
  const own = (key: string, port: number, internal: number) => ({ key, address: LOOPBACK, addressKey: undefined, port, internal });
  return [
    { key: "ports.http", address: bind, addressKey: "bind", port: http, internal: CONTAINER_PORTS.http },
    ...(https === undefined ? [] : [{ key: "ports.https", address: bind, addressKey: "bind", port: https, internal: CONTAINER_PORTS.https }]),
    own("ports.runtime", runtime, CONTAINER_PORTS.runtime),
    ...(runtimeTls === undefined || runtimeTlsPort === undefined
      ? []
      : [
          {
            key: "ports.runtimeTls",
            address: runtimeTls.bind,
            addressKey: "runtimeTls.bind",
            port: runtimeTlsPort,
            internal: CONTAINER_PORTS.runtimeTls,
          },
        ]),
    own("ports.stats", stats, CONTAINER_PORTS.stats),
  ];
}

/** Every host port of a stack. */
export function stackPorts(settings: Settings, { balancers, monitoring }: Topology): readonly PublishedPort[] {
  const own = (key: string, port: number): PublishedPort => ({ key, address: LOOPBACK, addressKey: undefined, port });
  return [
    ...balancers.flatMap((balancer) => balancerPorts(settings, balancer)),
    ...(monitoring === undefined ? [] : [own("ports.prometheus", monitoring.prometheus.port), own("ports.grafana", monitoring.grafana.port)]),
  ];
}
