import { findManager } from "../../swarm/managers.ts";
import { ensureOverlay, findOverlay, removeOverlay } from "../../swarm/overlay.ts";
import { OVERLAY_NETWORK, type OverlayNetworkInputs } from "../inputs.ts";
import { FIXED_NETWORK, type NetworkOutputs } from "./fixed-network.ts";
import type { ResourceType } from "./resource-type.ts";

/** The network of a stack on a Swarm. Other options are refused before anything is declared. */
export const overlayNetwork: ResourceType<OverlayNetworkInputs, NetworkOutputs> = {
  ...FIXED_NETWORK,
  inputs: OVERLAY_NETWORK,
  async create(inputs) {
    const networkId = await ensureOverlay(await findManager(inputs.swarm.managers), inputs);
    return { id: networkId, outputs: { networkId } };
  },
  async read({ swarm, name }) {
    const found = await findOverlay(await findManager(swarm.managers), name);
    return found === undefined ? "gone" : { networkId: found.Id };
  },
  async delete({ swarm, networkId }) {
    await removeOverlay(await findManager(swarm.managers), networkId);
  },
};
