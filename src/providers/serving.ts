import type { Credentials } from "../runtime/endpoint.ts";
import { type HaproxyAddress, haproxyAt, waitReachable } from "./haproxy.ts";

/** A HAProxy container that shall serve before another is touched. */
export interface ServingInputs extends HaproxyAddress {
  /** Docker's id of the container: a new container is proved anew. */
  readonly haproxyContainerId: string;
  /** Of the runtime API, where it takes any; a secret. */
  readonly credentials?: Credentials;
}

/**
 * Waits until the container's HAProxy answers. It opens its ports together, and takes the file's servers for up.
 * @throws {EngineError | RuntimeError} as {@link waitReachable}
 */
export async function proveServing(inputs: ServingInputs): Promise<ServingInputs> {
  await waitReachable(haproxyAt(inputs, inputs.credentials));
  return inputs;
}
