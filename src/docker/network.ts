import type Docker from "dockerode";
import { dockerWords, EngineError } from "./engine-error.ts";
import { type Labels, STACK_LABEL, STATE_LABEL } from "./labels.ts";
import { clearNetwork } from "./leftovers.ts";

/** A network on one engine, as it is asked for. */
export interface BridgeNetwork {
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
export async function createNetwork(docker: Docker, network: BridgeNetwork): Promise<string> {
  const { name, subnet, gateway, ipRange, labels } = network;
  const owner = { stack: labels[STACK_LABEL] ?? "", state: labels[STATE_LABEL] ?? "" };
  await clearNetwork(docker, owner, network);
  try {
    const { id } = await docker.createNetwork({
      Name: name,
      CheckDuplicate: true,
      Driver: "bridge",
      IPAM: { Driver: "default", Config: [{ Subnet: subnet, Gateway: gateway, IPRange: ipRange }] },
      Labels: { ...labels },
    });
    return id;
  } catch (cause) {
    throw new EngineError(`network ${name} cannot be made: ${dockerWords(cause)}`, { cause });
  }
}
