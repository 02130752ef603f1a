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

/** Counts the app containers that fit between the monitoring's addresses and the stand-in's. */
export const appCapacity = (subnet: Subnet): number => Math.min(MAX_APPS, standInNumber(subnet) - FIRST_APP);

/**
 * The addresses that a Swarm gives by itself: to the tasks of services, and one to each of its machines. It
 * is the upper half of the subnet, and the stack's own fixed addresses are in the lower one.
 */
export function swarmRange({ first, last }: Subnet): Subnet {
  const size = (last - first + 1) / 2;
  const start = first + size;
  return { cidr: `${long2ip(start)}/${32 - Math.log2(size)}`, first: start, last };
}

/**
 * Counts the app containers that a Swarm has addresses for: not its last address, which is for broadcasts,
 * not those of up to 64 machines or an eighth of all, and not that of a stand-in. A task that is replaced
 * gives its address back when its successor has another.
 */
export function swarmCapacity(subnet: Subnet): number {
  const { first, last } = swarmRange(subnet);
  const size = last - first + 1;
  return Math.min(MAX_APPS, size - 2 - Math.min(64, Math.ceil(size / 8)) - 1);
}

/** Host number of the stand-in of a roll-out: the one before the guests' addresses. */
export const standInNumber = (subnet: Subnet): number => guestRange(subnet).first - subnet.first - 1;

/**
 * The addresses that Docker gives to containers of others on the network, and Balancer never takes: the last
 * sixteenth of the subnet. Without such a range Docker would give them a balancer's or an app container's. Of
 * a /28 that is the broadcast address alone, so Docker has none to give.
 */
export function guestRange({ first, last }: Subnet): Subnet {
  const size = (last - first + 1) / 16;
  const start = last - size + 1;
  return { cidr: `${long2ip(start)}/${32 - Math.log2(size)}`, first: start, last };
}

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
