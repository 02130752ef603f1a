import { type GateTarget, openGate } from "../../haproxy/servers/gate.ts";
import type { Credentials } from "../../stack/endpoint.ts";
import { endWithParent } from "./end-with-parent.ts";
import { type HaproxyAddress, haproxyAt, waitReachable, withContainerLogs } from "./haproxy.ts";

/** The gate in front of an app container. */
export interface RolloutGateInputs extends Omit<GateTarget, "endpoint"> {
  /** The balancers that must not send it traffic while it is replaced. */
  readonly balancers: readonly HaproxyAddress[];
  /** Of their runtime APIs, where these take any; a secret. */
  readonly credentials?: Credentials;
  /** What the container shall be made from. */
  readonly definition: string;
  /** What it was made from before this update; empty when there was none. */
  readonly runs: string;
}

/** Whether Pulumi is about to replace a container that exists, whatever an earlier, interrupted update got done. */
export const gateHasWork = ({ runs, definition }: RolloutGateInputs): boolean =>
  runs !== "" && runs !== definition;

/**
 * Makes the way free for the container's replacement, on all balancers.
 * @throws {AggregateError} of what went wrong on any of them, when all are done
 */
export async function passGate(inputs: RolloutGateInputs): Promise<RolloutGateInputs> {
  endWithParent();
  const passed = await Promise.allSettled(
    inputs.balancers.map(async (address) => {
      const balancer = haproxyAt(address, inputs.credentials);
      await waitReachable(balancer);
      await withContainerLogs(() =>
        openGate({ ...inputs, endpoint: balancer.endpoint }, (line) =>
          console.log(`${balancer.haproxyContainer}: ${line}`),
        ),
      );
    }),
  );
  const errors: unknown[] = passed.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  const messages = errors.map((error) => (error instanceof Error ? error.message : String(error)));
  if (errors.length > 0) throw new AggregateError(errors, [...new Set(messages)].join("\n"));
  return inputs;
}
