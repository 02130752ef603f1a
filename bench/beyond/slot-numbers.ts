import { reload } from "../../src/haproxy/runtime/reload.ts";
import type { SwarmStack } from "../../test/harness/swarm-stack.ts";
import { formatMs, printTable } from "../report.ts";
import { time } from "../samples.ts";
import { megabytes, percent, seconds, spread } from "../swarm/figures.ts";
import { FEW_SLOTS } from "../swarm/slots.ts";
import type { TimeLeft } from "../swarm/time-left.ts";
import { update } from "../swarm/update.ts";
import { measureRest } from "./rest.ts";
import { measureStart } from "./start.ts";

export const MOST_SLOTS = 256;
const NUMBERS = [FEW_SLOTS, 128, MOST_SLOTS];
const SERVERS = 3;
const RELOADS = 3;
/** One whose machine does not lead the Swarm. */
const BALANCER = 3;

/** Gives the stack's HAProxies more and more slots, and prints what each number takes. */
export async function measureSlots(stack: SwarmStack, timeLeft: TimeLeft): Promise<void> {
  const rows: string[][] = [];
  for (const slots of NUMBERS) {
    if (!timeLeft.hasFor(`${slots} slots`, 40)) continue;
    // It has the first number of them already.
    if (slots !== FEW_SLOTS) await update(stack, { slots });
    rows.push([String(slots), ...(await measure(stack, timeLeft.signal))]);
  }
  printTable(
    [
      `A HAProxy with ${SERVERS} declared servers that nobody asks: of all the median (least–most);`,
      `one reload, the median of ${RELOADS}; and seconds from its container's start until it serves`,
    ].join("\n"),
    ["slots", ...["worker, % of a core", "MB", "engine, % of a core", "questions/s"], ...STARTING],
    rows,
  );
}

const STARTING = ["reload, ms", "answers, s", "all up, s"];

async function measure(stack: SwarmStack, signal: AbortSignal): Promise<string[]> {
  const { haproxy, engine, questions } = await measureRest(stack, signal);
  const reloads: number[] = [];
  while (reloads.length < RELOADS)
    reloads.push(await stack.ask((each) => time(() => reload(each)), BALANCER));
  const { answersMs, allMs } = await measureStart(stack, BALANCER, SERVERS);
  return [
    spread(haproxy.cpu, percent),
    spread(haproxy.memory, megabytes),
    spread(engine.cpu, percent),
    spread(questions, (count = 0) => count.toFixed(0)),
    ...[formatMs(reloads), seconds(answersMs), seconds(allMs)],
  ];
}
