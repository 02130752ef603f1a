import { isDeepStrictEqual } from "node:util";
import { connectEngine } from "../../docker/engine.ts";
import { isOfStack, type Labels } from "../../docker/labels.ts";
import { checkNoGuests } from "../../docker/network-guests.ts";
import { findManager } from "../../swarm/managers.ts";
import { checkNoOtherServices } from "../../swarm/overlay.ts";
import { GUESTS, type GuestsInputs } from "../inputs.ts";
import { engineOf } from "./host-of.ts";
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
  /** Whoever destroys the stack has to find its machines. */
  differs: (state, inputs) => !isDeepStrictEqual(placeOf(state), placeOf(inputs)),
  async delete({ network, networkId, stack, swarm, machines = [] }) {
    const isOurs = (labels: Labels): boolean => isOfStack(labels, stack);
    if (swarm === undefined) return void (await checkNoGuests(await connectEngine(), network, isOurs));
    await checkNoOtherServices(await findManager(swarm.managers), { network, networkId }, isOurs);
    for (const machine of machines.filter(({ isDown }) => !isDown))
      await checkNoGuests(await engineOf({ machine }), network, isOurs);
  },
};

const placeOf = ({ swarm, machines }: GuestsInputs) => ({ swarm, machines });
