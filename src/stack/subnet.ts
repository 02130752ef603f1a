import { long2ip, Netmask } from "netmask";

/** An IPv4 network as `cidr`, with its bounds as 32-bit numbers. */
export interface Subnet {
  readonly cidr: string;
  readonly first: number;
  readonly last: number;
}

/** Host number of the gateway. Docker gives the bridge the subnet's first address. */
export const GATEWAY = 1;
/** Host number of the first balancer. */
export const FIRST_BALANCER = 2;
/** Host numbers of Prometheus and Grafana. Nothing else gets them in a stack without monitoring. */
export const PROMETHEUS = 9;
export const GRAFANA = 10;
/** Host number of the first app container. */
export const FIRST_APP = 11;
/** There are this many addresses between the gateway and Prometheus. */
export const MAX_BALANCERS = PROMETHEUS - FIRST_BALANCER;
/** A Linux bridge has 1,023 ports. The rest of them is for balancers and helpers. */
export const MAX_APPS = 1000;

const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map((text) => new Netmask(text));

/** Reads a private network of /16 to /28, given by its first address. Any other text gives undefined. */
export function parseSubnet(text: string): Subnet | undefined {
  const subnet = readCidr(text);
  if (subnet === undefined || !/\/(1[6-9]|2[0-8])$/.test(text)) return undefined;
  const isFirstAddress = text.startsWith(`${long2ip(subnet.first)}/`);
  return isFirstAddress && PRIVATE.some((network) => network.contains(text)) ? subnet : undefined;
}

/** Counts the app containers that fit into the network. Its last address is the broadcast address. */
export const appCapacity = (subnet: Subnet): number =>
  Math.max(0, Math.min(MAX_APPS, subnet.last - subnet.first - FIRST_APP));

/** Writes the address with a host number in dotted form. */
export const addressOf = (subnet: Subnet, hostNumber: number): string => long2ip(subnet.first + hostNumber);

/** Whether two networks share an address. */
export const overlaps = (a: Subnet, b: Subnet): boolean => a.first <= b.last && b.first <= a.last;

/** Reads any IPv4 network, as Docker reports it. IPv6 gives undefined. */
export function readCidr(text: string): Subnet | undefined {
  if (!/^[\d.]+\/\d+$/.test(text)) return undefined;
  try {
    const { netLong: first, size } = new Netmask(text);
    return { cidr: text, first, last: first + size - 1 };
  } catch {
    return undefined;
  }
}
