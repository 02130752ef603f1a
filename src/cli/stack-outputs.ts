import { z } from "zod";
import { Haproxy } from "../haproxy/runtime/client.ts";
import { callOf, IS_CHECKOUT } from "../stack/checkout.ts";
import { type Endpoint, endpointAt, parseEndpoint } from "../stack/endpoint.ts";
import { STACK_OUTPUTS, type StackOutputs } from "../stack/outputs.ts";
import { BACKEND } from "../stack/topology.ts";
import type { Caller } from "./caller.ts";
import { askPulumi, runPulumi } from "./pulumi-cli.ts";

const OUTPUTS = z.record(z.string(), z.unknown());

/** In place of an output that holds a secret. */
const HIDDEN = "[secret]";

/**
 * Reads a stack's outputs from its state. Needs no lock: an update may be under way.
 * @throws {Error} when the stack is not up
 */
export async function readOutputs(caller: Caller, stack: string): Promise<StackOutputs> {
  const ask = async (...flags: string[]) =>
    OUTPUTS.parse(
      JSON.parse(await askPulumi(caller, ["stack", "output", "--json", ...flags, "--stack", stack])),
    );
  const shown = await ask();
  // Only some stacks have secrets, and a key from the passphrase takes Pulumi a fifth of a second.
  const hasSecrets = Object.values(shown).includes(HIDDEN);
  const result = STACK_OUTPUTS.safeParse(hasSecrets ? await ask("--show-secrets") : shown);
  if (!result.success) throw new Error(`stack ${stack} is not up; ${startOf(stack)}`);
  return result.data;
}

/** Says how what is not up comes up. */
export const startOf = (stack: string | undefined): string =>
  IS_CHECKOUT ? `start it with: ${callOf("start", `--stack ${stack}`)}` : "bring it up with: pulumi up";

/**
 * Where the runtime APIs of a stack's balancers answer: by TLS where that is on, and else on this host's
 * loopback.
 * @param balancer number of one balancer, from 1; all of them without it
 * @throws {Error} when the stack has no balancer of that number
 */
export function endpointsOf(outputs: RuntimeOutputs, balancer?: number): Endpoint[] {
  const { runtimeEndpoints, runtimeTlsEndpoints, runtimeTlsCredentials } = outputs;
  const [texts, kind] =
    runtimeTlsEndpoints === undefined
      ? [runtimeEndpoints, "tcp" as const]
      : [runtimeTlsEndpoints, "tls" as const];
  return ofBalancers(texts, balancer).map((text) =>
    endpointAt(parseEndpoint(text, kind), runtimeTlsCredentials),
  );
}

/** The HAProxies that answer there, and the backend of theirs that has the app servers. */
export const haproxiesOf = (outputs: RuntimeOutputs, balancer?: number): Haproxy[] =>
  endpointsOf(outputs, balancer).map((endpoint) => new Haproxy(endpoint, BACKEND));

/**
 * Picks from an output that has one entry for each balancer.
 * @param balancer number of one balancer, from 1; all of them without it
 * @throws {Error} when the stack has no balancer of that number
 */
export function ofBalancers<T>(entries: readonly T[], balancer?: number): readonly [T, ...T[]] {
  const [first, ...others] = balancer === undefined ? entries : entries.slice(balancer - 1, balancer);
  if (first !== undefined) return [first, ...others];
  const allowed = entries.length === 1 ? "1, the only balancer of the stack" : `1 to ${entries.length}`;
  throw new Error(`--balancer: ${balancer} is refused; allowed: ${allowed}`);
}

type RuntimeOutputs = Pick<
  StackOutputs,
  "runtimeEndpoints" | "runtimeTlsEndpoints" | "runtimeTlsCredentials"
>;

/** Creates stacks that do not exist yet in the backend; their config is in stacks/. */
export async function createMissingStacks(caller: Caller, wanted: readonly string[]): Promise<void> {
  const listed = z
    .array(z.object({ name: z.string() }))
    .parse(JSON.parse(await askPulumi(caller, ["stack", "ls", "--json"])));
  const existing = new Set(listed.map(({ name }) => name));
  for (const stack of wanted) {
    if (!existing.has(stack)) await runPulumi(caller, ["stack", "init", stack, "--no-select"]);
  }
}
