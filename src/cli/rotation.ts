import type { Haproxy } from "../haproxy/runtime/client.ts";
import { readServers } from "../haproxy/runtime/running-state.ts";
import { RuntimeError } from "../haproxy/runtime/runtime-error.ts";
import type { RunningServer } from "../haproxy/runtime/state.ts";
import type { StackOutputs } from "../stack/outputs.ts";
import { settle } from "../stack/settled.ts";
import type { Caller } from "./caller.ts";
import { warnOfFailure } from "./command-line.ts";

/** A balancer, and the servers that it runs. */
export interface Balancer {
  readonly haproxy: Haproxy;
  readonly servers: readonly RunningServer[];
}

/**
 * Reads what every one of the balancers runs.
 * @returns those that answer, in order; the others are told on stderr
 * @throws {RuntimeError} as {@link onEach}
 */
export const readBalancers = (caller: Caller, haproxies: readonly Haproxy[]): Promise<readonly Balancer[]> =>
  onEach(caller, haproxies, async (haproxy) => ({ haproxy, servers: await readServers(haproxy) }));

/**
 * Does the same on every balancer. One of several that does not answer, or refuses, does not keep the others
 * from it: it is told on stderr, and the exit code is 1.
 * @returns what came of the others, in order
 * @throws {RuntimeError} when it fails on all
 */
export async function onEach<B, T>(
  caller: Caller,
  balancers: readonly B[],
  work: (balancer: B) => Promise<T>,
): Promise<readonly T[]> {
  const { done, failures } = await settle(balancers.map(work));
  const isDoneOnNone = failures.length === balancers.length;
  for (const failure of failures) {
    if (isDoneOnNone || !(failure instanceof RuntimeError)) throw failure;
    warnOfFailure(caller, failure.message);
  }
  return done;
}

/**
 * Checks names of servers that the user gave: all balancers must have them.
 * @returns the names, each once
 * @throws {Error} with every name that is refused, and those that are allowed
 */
export function checkNames(
  names: readonly string[],
  { servers: declared }: Pick<StackOutputs, "servers">,
  balancers: readonly Balancer[],
): string[] {
  const [first = [], ...others] = balancers.map(({ servers }) => servers.map(({ name }) => name));
  const allowed = first.filter((name) => others.every((other) => other.includes(name)));
  const wanted = [...new Set(names)];
  const mistakes = wanted
    .filter((name) => !allowed.includes(name))
    .map((name) => {
      const isDeclared = declared.some((server) => server.name === name);
      const why = isDeclared ? ", it is declared but not in HAProxy" : "";
      return `server: ${JSON.stringify(name)} is refused${why}`;
    });
  if (mistakes.length > 0)
    throw new Error(
      [...mistakes, `allowed: ${allowed.join(", ") || "none, HAProxy has no server"}`].join("; "),
    );
  return wanted;
}
