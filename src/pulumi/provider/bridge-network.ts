import { connectEngine } from "../../docker/engine.ts";
import { ifFound } from "../../docker/engine-error.ts";
import { inspectNetwork } from "../../docker/engine-replies.ts";
import { createBridge } from "../../docker/network.ts";
import { removeNetwork } from "../../docker/remove-network.ts";
import { BRIDGE_NETWORK, type BridgeNetworkInputs } from "../inputs.ts";
import { FIXED_NETWORK, type NetworkOutputs } from "./fixed-network.ts";
import type { ResourceType } from "./resource-type.ts";

/**
 * The network of a stack on one engine. The Docker provider waits two seconds whenever it reads a network,
 * which is a third of an update that has nothing to do.
 */
export const bridgeNetwork: ResourceType<BridgeNetworkInputs, NetworkOutputs> = {
  ...FIXED_NETWORK,
  inputs: BRIDGE_NETWORK,
  async create(inputs) {
    const networkId = await createBridge(await connectEngine(), inputs);
    return { id: networkId, outputs: { networkId } };
  },
  async read({ networkId }) {
    const found = await inspectNetwork(await connectEngine(), networkId);
    return found === undefined ? "gone" : { networkId };
  },
  async delete({ networkId }) {
    const docker = await connectEngine();
    await ifFound(() => removeNetwork(docker, networkId));
  },
};
