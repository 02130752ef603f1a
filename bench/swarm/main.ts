import { MACHINES_PLACES } from "../../test/harness/stack-places.ts";
import { Machines, type MachinesOptions } from "../../test/harness/swarm.ts";
import { SwarmStack } from "../../test/harness/swarm-stack.ts";
import type { Rounds } from "../samples.ts";
import { measureDeaths } from "./deaths.ts";
import { measureIdle } from "./idle.ts";
import { compareSlots, FEW_SLOTS, IDLE_MS } from "./slots.ts";
import { TimeLeft } from "./time-left.ts";
import { update } from "./update.ts";
import { measureUpdates } from "./updates.ts";

/** Neither the place of the tests nor that of tools/swarm: all of them may stand at a time. */
const OPTIONS: MachinesOptions = { place: MACHINES_PLACES["swarm-bench"] };
const CONFIG = { mode: "hash", count: 3, slots: FEW_SLOTS, drainTimeout: "2s", readyTimeout: "30s" };

/** A run takes no longer, with making and removing the machines. */
const LIMIT_MINUTES = 6;

/** Measures a stack on three machines, which are made on this one. */
export async function benchSwarm({ signal }: Pick<Rounds, "signal">): Promise<void> {
  const timeLeft = new TimeLeft(signal, LIMIT_MINUTES);
  let stack: SwarmStack | undefined;
  try {
    const machines = await Machines.up(OPTIONS);
    signal.throwIfAborted();
    stack = await SwarmStack.createOn(machines, { name: "swarm-bench", config: CONFIG });
    await measure(stack, timeLeft);
  } finally {
    await Machines.remove(OPTIONS);
    await stack?.dispose();
  }
}

async function measure(stack: SwarmStack, timeLeft: TimeLeft): Promise<void> {
  const firstMs = await update(stack);
  await stack.up(); // which reads where the balancers answer
  const idle = await measureIdle(stack, IDLE_MS, timeLeft.signal);
  await measureUpdates(stack, firstMs, timeLeft);
  await compareSlots(stack, idle, timeLeft);
  await measureDeaths(stack, FEW_SLOTS, timeLeft);
  timeLeft.printLeftOut();
}
