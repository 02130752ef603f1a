import type { SwarmStack } from "../../test/harness/swarm-stack.ts";
import { formatRatio, printTable } from "../report.ts";
import { ratioOf } from "../samples.ts";
import { DEATHS_S } from "./deaths.ts";
import { megabytes, percent, spread } from "./figures.ts";
import { measureIdle, type Usage } from "./idle.ts";
import type { TimeLeft } from "./time-left.ts";
import { update } from "./update.ts";

export const FEW_SLOTS = 32;
const MANY_SLOTS = 256;
const SERVERS = 3;
/** So long a stack is watched that nobody asks anything. */
export const IDLE_MS = 20_000;

/** Compares what HAProxy's worker takes with few slots, as it was measured, and with many. */
export async function compareSlots(stack: SwarmStack, few: Usage, timeLeft: TimeLeft): Promise<void> {
  // Deaths tell more, and come after it.
  if (!timeLeft.hasFor(`${MANY_SLOTS} slots`, 45 + DEATHS_S)) return;
  await update(stack, { count: SERVERS, slots: MANY_SLOTS });
  const many = await measureIdle(stack, IDLE_MS, timeLeft.signal);
  const row = (slots: number, { cpu, memory }: Usage): string[] => [
    String(slots),
    spread(cpu, percent),
    spread(memory, megabytes),
  ];
  const ratio = (key: keyof Usage): string => formatRatio(ratioOf(many[key], few[key]));
  printTable(
    [
      `HAProxy's worker with ${SERVERS} declared servers, idle for ${IDLE_MS / 1000} s:`,
      "median of the three balancers (least–most)",
    ].join(" "),
    ["slots", "% of a core", "memory, MB"],
    [
      row(FEW_SLOTS, few),
      row(MANY_SLOTS, many),
      [`${MANY_SLOTS} / ${FEW_SLOTS}`, ratio("cpu"), ratio("memory")],
    ],
  );
}
