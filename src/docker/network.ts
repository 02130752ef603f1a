import type Docker from "dockerode";
import { dockerWords, EngineError } from "./engine-error.ts";
import { type Labels, STACK_LABEL, STATE_LABEL } from "./labels.ts";
import { clearNetwork } from "./leftovers.ts";

/** A stack's network, as it is asked for. */
export interface WantedNetwork {
  readonly name: string;
  readonly subnet: string;
  readonly gateway: string;
  /** Addresses that Docker gives by itself. */
  readonly ipRange: string;
  readonly labels: Labels;
}

/**
 * Makes a stack's network. What is there under its name and in no state goes first: an update was killed
 * between Docker's create and Pulumi's save.
 * @returns Docker's id of it
 * @throws {EngineError} Somebody else's network has the name or shares addresses with the subnet.
 */
export async function createBridge(docker: Docker, network: WantedNetwork): Promise<string> {
  const { labels } = network;
  const owner = { stack: labels[STACK_LABEL] ?? "", state: labels[STATE_LABEL] ?? "" };
  await clearNetwork(docker, owner, network);
  return createNetwork(docker, network, { Driver: "bridge" });
}

/**
 * Makes a network that is not there.
 * @param driver What Docker needs to know of its driver.
 * @returns Docker's id of it
 * @throws {EngineError} The message has Docker's words.
 */
export async function createNetwork(
  docker: Docker,
  { name, subnet, gateway, ipRange, labels }: WantedNetwork,
  driver: Pick<Docker.NetworkCreateOptions, "Driver" | "Attachable" | "Options">,
): Promise<string> {
  try {
    const { id } = await docker.createNetwork({
      Name: name,
      CheckDuplicate: true,
      ...driver,
      IPAM: { Driver: "default", Config: [{ Subnet: subnet, Gateway: gateway, IPRange: ipRange }] },
      Labels: { ...labels },
    });
    return id;
  } catch (cause) {
    throw new EngineError(`network ${name} cannot be made: ${dockerWords(cause)}`, { cause });
  }
}
