import { get } from "../../test/harness/load.ts";
import type { SwarmStack } from "../../test/harness/swarm-stack.ts";
import { until } from "../../test/harness/until.ts";
import { printTable } from "../report.ts";
import { DELAY_S, type Death, measureDeath } from "./death.ts";
import { closedOf, failedOf, NONE, printFailures, seconds, spread } from "./figures.ts";
import type { TimeLeft } from "./time-left.ts";
import { update } from "./update.ts";

const SERVERS = 6;
/** Both take so long on a busy machine; what does not come in time is missing from the figures. */
const FIRST_S = 50;
const SECOND_S = 60;
export const DEATHS_S = FIRST_S + SECOND_S;
const BACK_MS = 30_000;
/** Swarm notices after three heartbeats, and first needs another leader where the one it had is dead. */
const LONGEST_MS = 90_000;
/** Of the load, and of a request that began late. */
const SETTLE_MS = 15_000;

/**
 * Kills a machine that does not lead the Swarm, switches it on again, and kills the one that leads. Prints
 * what that cost those who ask the balancers of the other machines.
 */
export async function measureDeaths(stack: SwarmStack, slots: number, timeLeft: TimeLeft): Promise<void> {
  if (!timeLeft.hasFor("the death of a machine", FIRST_S)) return;
  await update(stack, { count: SERVERS, slots });
  const follower = await busiestFollower(stack);
  const deaths = [await measure(stack, follower, timeLeft)];
  let backMs: number | undefined;
  if (timeLeft.hasFor("the death of the leader", SECOND_S)) {
    backMs = await powerOn(stack, follower);
    timeLeft.signal.throwIfAborted();
    deaths.push(await measure(stack, await stack.machines.leader(), timeLeft));
  }
  const row = (what: string, cell: (death: Death) => string): string[] => [what, ...deaths.map(cell)];
  printTable(
    [
      "A machine of three dies: seconds from the kill, of its servers the median (least–most), as balancers",
      "and clients of the other two have it (4 clients each, a WebSocket on each server of a machine alive)",
    ].join("\n"),
    ["", ...WHO.slice(0, deaths.length)],
    [
      ...ROWS.map(([what, cell]) => row(what, cell)),
      [BACK, seconds(backMs), NONE].slice(0, 1 + deaths.length),
    ],
  );
  for (const [index, { seen }] of deaths.entries()) printFailures(`${WHO[index]}`, seen.failures);
}

const WHO = ["not the leader", "the leader"];
const BACK = "its balancer answers, from power on";

const isThere = (ms: number | undefined): boolean => ms !== undefined;

const ROWS: readonly (readonly [what: string, cell: (death: Death) => string])[] = [
  [`servers on it, of ${SERVERS}`, ({ servers }) => String(servers)],
  ["DOWN at both", ({ downMs }) => spread(downMs, seconds)],
  ["Swarm makes a container elsewhere", ({ madeMs }) => spread(madeMs, seconds)],
  ["UP again at both, under the same name", ({ upMs }) => spread(upMs, seconds)],
  [
    "requests in flight there, answered elsewhere",
    ({ answeredMs }) => `${answeredMs.filter(isThere).length} of ${answeredMs.length}`,
  ],
  [`… after (the app takes ${DELAY_S} s)`, ({ answeredMs }) => spread(answeredMs.filter(isThere), seconds)],
  ["idle WebSockets there closed", ({ idleMs }) => spread(idleMs, seconds)],
  ["WebSockets elsewhere closed", ({ seen }) => closedOf(seen)],
  ["failed of sent", ({ seen }) => failedOf(seen)],
  ["… of these begun after DOWN", ({ failedLater }) => String(failedLater)],
];

function measure(stack: SwarmStack, victim: number, { ms }: TimeLeft): Promise<Death> {
  const longestMs = Math.min(ms - SETTLE_MS, LONGEST_MS);
  return measureDeath(stack, { victim, count: SERVERS, longestMs });
}

/** The machine with most servers of those that do not lead. */
async function busiestFollower(stack: SwarmStack): Promise<number> {
  const { machines } = stack;
  const leader = await machines.leader();
  const all = await stack.tasks(SERVERS);
  const has = (n: number): number => all.filter(({ machine }) => machine === n).length;
  const [busiest = 0] = machines.numbers.filter((n) => n !== leader).sort((a, b) => has(b) - has(a));
  return busiest;
}

/**
 * Switches a machine on.
 * @returns Milliseconds until its balancer answers; undefined if only an update started it
 */
async function powerOn(stack: SwarmStack, n: number): Promise<number | undefined> {
  const start = Date.now();
  let answeredAt: number | undefined;
  const answers = until(async () => (await get(stack.urlOf(n))).status === 200, BACK_MS).then(
    () => {
      answeredAt = Date.now();
    },
    () => {}, // its engine started it before it had the network
  );
  await Promise.all([stack.machines.powerOn(), answers]);
  if (answeredAt === undefined) await update(stack);
  return answeredAt && answeredAt - start;
}
