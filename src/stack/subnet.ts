import ipaddr from "ipaddr.js";

/** An IPv4 network as `cidr`, with its bounds as 32-bit numbers. */
export interface Subnet {
  readonly cidr: string;
  readonly first: number;
  readonly last: number;
}

/** Host number of the gateway: Docker gives the bridge the subnet's first address. */
export const GATEWAY = 1;
/** Host number of the first balancer. */
export const FIRST_BALANCER = 2;
/** Host numbers of what watches the balancers, kept for it whether it is there or not. */
export const PROMETHEUS = 9;
export const GRAFANA = 10;
/** Host number of the first app container. */
export const FIRST_APP = 11;
/** Addresses between the gateway and Prometheus. */
export const MAX_BALANCERS = PROMETHEUS - FIRST_BALANCER;
/** A Linux bridge has 1,023 ports; the rest is for balancers and helpers. */
const MAX_APPS = 1000;

/** Reads a private network of /16 to /28, given by its first address; anything else is undefined. */
export function parseSubnet(text: string): Subnet | undefined {
  const [address, prefix, ...rest] = text.split("/");
  if (address === undefined || prefix === undefined || rest.length > 0 || !/^(1[6-9]|2[0-8])$/.test(prefix))
    return undefined;
  if (!ipaddr.IPv4.isValidFourPartDecimal(address)) return undefined;
  const parsed = ipaddr.IPv4.parse(address);
  const first = toNumber(parsed);
  const size = 2 ** (32 - Number(prefix));
  if (parsed.range() !== "private" || parsed.toString() !== address || first % size !== 0) return undefined;
  return { cidr: text, first, last: first + size - 1 };
}

/** How many app containers the network has addresses for; its last address is the broadcast address. */
export const appCapacity = (subnet: Subnet): number =>
  Math.max(0, Math.min(MAX_APPS, subnet.last - subnet.first - FIRST_APP));

/** The address with the given host number, in dotted form. */
export function addressOf(subnet: Subnet, hostNumber: number): string {
  const value = subnet.first + hostNumber;
  return new ipaddr.IPv4([24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256)).toString();
}

/** Whether two networks share an address. */
export const overlaps = (a: Subnet, b: Subnet): boolean => a.first <= b.last && b.first <= a.last;

/** Any IPv4 network, as Docker reports those of other networks; undefined for IPv6. */
export function readCidr(text: string): Subnet | undefined {
  if (!ipaddr.IPv4.isValidCIDR(text)) return undefined;
  const first = toNumber(ipaddr.IPv4.networkAddressFromCIDR(text));
  return { cidr: text, first, last: toNumber(ipaddr.IPv4.broadcastAddressFromCIDR(text)) };
}

const toNumber = (address: ipaddr.IPv4): number =>
  address.octets.reduce((value, octet) => value * 256 + octet, 0);
