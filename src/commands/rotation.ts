import { readServers } from "../runtime/client.ts";
import type { Endpoint } from "../runtime/endpoint.ts";
import type { RunningServer } from "../runtime/state.ts";
import { BACKEND } from "../topology.ts";
import type { StackOutputs } from "./stack-outputs.ts";

/** A balancer, and the servers that it runs. */
export interface Balancer {
  readonly endpoint: Endpoint;
  readonly servers: readonly RunningServer[];
}

/** Reads what every one of the balancers runs. */
export const readBalancers = (endpoints: readonly Endpoint[]): Promise<Balancer[]> =>
  Promise.all(endpoints.map(async (endpoint) => ({ endpoint, servers: await readServers(endpoint, BACKEND) })));

/**
 * Checks names of servers that the user gave: all balancers must have them.
 * @returns the names, each once
 * @throws {Error} with every name that is refused, and those that are allowed
 */
export function checkNames(names: readonly string[], { servers: declared }: Pick<StackOutputs, "servers">, balancers: readonly Balancer[]): string[] {
  const [first = [], ...others] = balancers.map(({ servers }) => servers.map(({ name }) => name));
  const allowed = first.filter((name) => others.every((other) => other.includes(name)));
  const wanted = [...new Set(names)];
  const mistakes = wanted
    .filter((name) => !allowed.includes(name))
    .map(
      (name) =>
        `server: ${JSON.stringify(name)} is refused${declared.some((server) => server.name === name) ? ", it is declared but not in HAProxy" : ""}`,
    );
  if (mistakes.length > 0) throw new Error([...mistakes, `allowed: ${allowed.join(", ") || "none, HAProxy has no server"}`].join("; "));
  return wanted;
}
