import { z } from "zod";
import { findManager } from "../../swarm/managers.ts";
import { ensureOverlay, findOverlay, removeOverlay } from "../../swarm/overlay.ts";
import { OVERLAY_NETWORK, type OverlayNetworkInputs } from "../inputs.ts";
import type { ResourceType } from "./resource-type.ts";

const OUTPUTS = z.object({ networkId: z.string() });
type Outputs = z.infer<typeof OUTPUTS>;

/** The network of a stack on a Swarm. All of it is fixed when it is made. */
export const overlayNetwork: ResourceType<OverlayNetworkInputs, Outputs> = {
  inputs: OVERLAY_NETWORK,
  outputs: OUTPUTS,
  replacedFor: ["name", "subnet", "gateway", "ipRange"],
  async create(inputs) {
    const networkId = await ensureOverlay(await findManager(inputs.swarm.managers), inputs);
    return { id: networkId, outputs: { networkId } };
  },
  async read({ swarm, name }) {
    const found = await findOverlay(await findManager(swarm.managers), name);
    return found === undefined ? "gone" : { networkId: found.Id };
  },
  // Another subnet replaces it. Other options are refused before anything is declared.
  differs: () => false,
  update: async (_inputs, { networkId }) => ({ networkId }),
  async delete({ swarm, networkId }) {
    await removeOverlay(await findManager(swarm.managers), networkId);
  },
};
