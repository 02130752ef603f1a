import { MACHINES_PLACES } from "../../test/harness/stack-places.ts";
import { Machines, type MachinesOptions } from "../../test/harness/swarm.ts";
import { SwarmStack } from "../../test/harness/swarm-stack.ts";
import type { Rounds } from "../samples.ts";
import { FEW_SLOTS } from "../swarm/slots.ts";
import { TimeLeft } from "../swarm/time-left.ts";
import { measureBalancers } from "./balancer-numbers.ts";
import { measureServices } from "./service-numbers.ts";
import { measureSlots } from "./slot-numbers.ts";

/** As many machines as a stack may have balancers. Three managers stand the death of one. */
const OPTIONS: MachinesOptions = {
  place: MACHINES_PLACES["swarm-beyond"],
  count: 7,
  managers: 3,
};
const CONFIG = {
  mode: "hash",
  count: 3,
  slots: FEW_SLOTS,
  drainTimeout: "2s",
  /** A /24 has no addresses for as many containers as this makes. */
  subnet: "10.67.0.0/22",
};
/** A run takes no longer, with making and removing the machines. */
const LIMIT_MINUTES = 9;

/** Measures how far one stack and one Swarm go, on machines that are made on this one. */
export async function benchBeyond({ signal }: Pick<Rounds, "signal">): Promise<void> {
  const timeLeft = new TimeLeft(signal, LIMIT_MINUTES);
  let stack: SwarmStack | undefined;
  try {
    const machines = await Machines.up(OPTIONS);
    signal.throwIfAborted();
    stack = await SwarmStack.createOn(machines, { name: "swarm-beyond", config: CONFIG });
    await measureBalancers(stack, timeLeft);
    await measureSlots(stack, timeLeft);
    await measureServices(stack, timeLeft);
    timeLeft.printLeftOut();
  } finally {
    await Machines.remove(OPTIONS);
    await stack?.dispose();
  }
}
