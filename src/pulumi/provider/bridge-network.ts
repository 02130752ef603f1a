import { z } from "zod";
import { connectEngine } from "../../docker/engine.ts";
import { ifFound } from "../../docker/engine-error.ts";
import { inspectNetwork } from "../../docker/engine-replies.ts";
import { createNetwork } from "../../docker/network.ts";
import { removeNetwork } from "../../docker/remove-network.ts";
import { BRIDGE_NETWORK, type BridgeNetworkInputs } from "../inputs.ts";
import type { ResourceType } from "./resource-type.ts";

const OUTPUTS = z.object({ networkId: z.string() });
type Outputs = z.infer<typeof OUTPUTS>;

/**
 * The network of a stack on one engine. All of it is fixed when it is made. The Docker provider waits two
 * seconds whenever it reads a network, which is a third of an update that has nothing to do.
 */
export const bridgeNetwork: ResourceType<BridgeNetworkInputs, Outputs> = {
  inputs: BRIDGE_NETWORK,
  outputs: OUTPUTS,
  replacedFor: ["name", "subnet", "gateway", "ipRange"],
  async create(inputs) {
    const networkId = await createNetwork(await connectEngine(), inputs);
    return { id: networkId, outputs: { networkId } };
  },
  async read({ networkId }) {
    const found = await inspectNetwork(await connectEngine(), networkId);
    return found === undefined ? "gone" : { networkId };
  },
  differs: () => false,
  update: async (_inputs, { networkId }) => ({ networkId }),
  async delete({ networkId }) {
    const docker = await connectEngine();
    await ifFound(() => removeNetwork(docker, networkId));
  },
};
