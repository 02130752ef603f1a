import { connectEngine } from "../../docker/engine.ts";
import { isOfStack } from "../../docker/labels.ts";
import { checkNoGuests } from "../../docker/network-guests.ts";
import { GUESTS, type GuestsInputs } from "../inputs.ts";
import { made, NOTHING, type ResourceType } from "./resource-type.ts";

/**
 * Whoever else is on the stack's network. It comes after all that a stack has, so it is the first that goes
 * where all of it goes: if it cannot, nothing does.
 */
export const guests: ResourceType<GuestsInputs, object> = {
  inputs: GUESTS,
  outputs: NOTHING,
  replacedFor: ["networkId"],
  ...made(
    ({ network }) => network,
    async () => ({}),
  ),
  differs: () => false,
  async delete({ network, stack }) {
    await checkNoGuests(await connectEngine(), network, (labels) => isOfStack(labels, stack));
  },
};
