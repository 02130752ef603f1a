import type { ObservedBalancer } from "./observed.ts";
import type { Balancer } from "./topology.ts";

/**
 * Orders the balancers for their replacement, one at a time. If a host port moves from one balancer to
 * another, the one that gives it up comes before the one that takes it. Otherwise they come in the order of
 * their numbers.
 */
export function replacementOrder(
  balancers: readonly Balancer[],
  observed: ReadonlyMap<string, ObservedBalancer>,
): Balancer[] {
  const waiting = [...balancers];
  const order: Balancer[] = [];
  while (waiting.length > 0) {
    const index = waiting.findIndex((balancer) =>
      waiting.every(
        (other) => other === balancer || !holdsPortOf(observed.get(other.containerName), balancer),
      ),
    );
    // If balancers want each other's ports in a ring, none can be first, and Docker says which port is taken.
    order.push(...waiting.splice(Math.max(0, index), 1));
  }
  return order;
}

function holdsPortOf(other: ObservedBalancer | undefined, { ports }: Balancer): boolean {
  const held = Object.entries(other?.madeFrom ?? {}).filter(([key]) => key.startsWith("ports."));
  const numbers = new Set(held.map(([, address]) => Number(address.split(":")[1])));
  return Object.values(ports).some((port) => port !== undefined && numbers.has(port));
}
