import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import pMap from "p-map";
import { STACK_LABEL } from "../../src/docker/labels.ts";
import { listServices } from "../../src/swarm/swarm-replies.ts";
import { findAddresses } from "../../src/swarm/tasks.ts";
import type { SwarmStack } from "../../test/harness/swarm-stack.ts";
import { formatMs, printTable } from "../report.ts";
import { time } from "../samples.ts";
import { megabytes, percent, seconds, spread } from "../swarm/figures.ts";
import type { TimeLeft } from "../swarm/time-left.ts";
import { update } from "../swarm/update.ts";
import { measureRest, type Rest } from "./rest.ts";
import { MOST_SLOTS } from "./slot-numbers.ts";
import { measureStart } from "./start.ts";

/** Counts, and what bringing the stack there takes on a slow machine, in seconds. */
const COUNTS: readonly (readonly [count: number, seconds: number])[] = [
  [50, 60],
  [150, 200],
];
/** Services of others, none of which runs anything. */
const OTHERS = 1_000;
const AT_A_TIME = 8;
const LOOKS = 5;
/** One whose machine does not lead the Swarm. */
const BALANCER = 3;

/** What a number of services takes, in milliseconds. */
interface Times {
  readonly upMs?: number;
  readonly againMs: number;
  readonly statusMs: number;
  /** Of a manager: all services of the Swarm, those of the stack, and where the stack's tasks run. */
  readonly lists: Readonly<Record<"all" | "own" | "addresses", readonly number[]>>;
  readonly allUpMs: number | undefined;
  readonly rest: Rest;
  /** Of Pulumi, which writes all of it after each step of an update. */
  readonly stateBytes: number;
}

/** Scales the stack up, then puts services of others beside it, and prints what each size takes. */
export async function measureServices(stack: SwarmStack, timeLeft: TimeLeft): Promise<void> {
  const columns: (readonly [head: string, times: Times])[] = [];
  let last = 0;
  for (const [count, longest] of COUNTS) {
    if (!timeLeft.hasFor(`${count} servers`, longest)) continue;
    const upMs = await update(stack, { count, slots: MOST_SLOTS });
    timeLeft.signal.throwIfAborted();
    columns.push([String(count), { ...(await measure(stack, count, timeLeft.signal)), upMs }]);
    last = count;
  }
  if (timeLeft.hasFor(`${OTHERS} services of others`, 70)) {
    const ms = await time(() => makeOthers(stack, timeLeft.signal));
    console.log(`\n${OTHERS} services of others, made ${AT_A_TIME} at a time in ${seconds(ms)} s`);
    columns.push([`${last} beside ${OTHERS}`, await measure(stack, last, timeLeft.signal)]);
  }
  printTable(
    [
      `Servers of a stack with ${stack.balancers.length} balancers of ${MOST_SLOTS} slots each; times of a`,
      `manager are the median of ${LOOKS}; shares and sizes are of each balancer and of its machine's engine`,
    ].join("\n"),
    ["", ...columns.map(([head]) => head)],
    ROWS.map(([what, cell]) => [what, ...columns.map(([, times]) => cell(times))]),
  );
}

const ROWS: readonly (readonly [what: string, cell: (times: Times) => string])[] = [
  ["`up` from the count before, s", ({ upMs }) => seconds(upMs)],
  ["`up` with nothing to do, s", ({ againMs }) => seconds(againMs)],
  ["`npm run status`, s", ({ statusMs }) => seconds(statusMs)],
  ["a manager lists all services, ms", ({ lists }) => formatMs(lists.all)],
  ["… those of the stack, ms", ({ lists }) => formatMs(lists.own)],
  ["… and where their tasks run, ms", ({ lists }) => formatMs(lists.addresses)],
  ["a HAProxy has all up, from its start, s", ({ allUpMs }) => seconds(allUpMs)],
  ["HAProxy's worker, % of a core", ({ rest }) => spread(rest.haproxy.cpu, percent)],
  ["… MB", ({ rest }) => spread(rest.haproxy.memory, megabytes)],
  ["engine, % of a core", ({ rest }) => spread(rest.engine.cpu, percent)],
  ["… MB", ({ rest }) => spread(rest.engine.memory, megabytes)],
  ["Pulumi's state, MB", ({ stateBytes }) => megabytes(stateBytes)],
  [`busy, of ${availableParallelism()} cores with all else on them, %`, ({ rest }) => percent(rest.busy)],
];

async function measure(stack: SwarmStack, count: number, signal: AbortSignal): Promise<Times> {
  const againMs = await update(stack);
  const status = stack.startCommand("status");
  const statusMs = await time(() => status.ended);
  await stack.readEndpoints();
  const manager = stack.engineOf(await stack.machines.leader());
  const names = Array.from({ length: count }, (_, index) => `${stack.name}-podinfo${index + 1}`);
  const looks = {
    all: () => listServices(manager, {}),
    own: () => listServices(manager, { label: [`${STACK_LABEL}=${stack.name}`] }),
    addresses: () => findAddresses(manager, names),
  };
  const often = async (look: () => Promise<unknown>): Promise<number[]> => {
    const samples: number[] = [];
    while (samples.length < LOOKS) samples.push(await time(look));
    return samples;
  };
  const lists = {
    all: await often(looks.all),
    own: await often(looks.own),
    addresses: await often(looks.addresses),
  };
  const rest = await measureRest(stack, signal);
  const { allMs: allUpMs } = await measureStart(stack, BALANCER, count);
  const stateFile = stack.stateFiles().find((file) => file.endsWith(`/stacks/balancer/${stack.name}.json`));
  if (stateFile === undefined) throw new Error(`${stack.name} has no state`);
  const stateBytes = statSync(stateFile).size;
  return { againMs, statusMs, lists, allUpMs, rest, stateBytes };
}

/** Makes services of which none runs anything: a manager keeps and lists them all the same. */
async function makeOthers(stack: SwarmStack, signal: AbortSignal): Promise<void> {
  const manager = stack.engineOf(await stack.machines.leader());
  const numbers = Array.from({ length: OTHERS }, (_, index) => index + 1);
  const make = (n: number) =>
    manager.createService({
      Name: `others-${n}`,
      TaskTemplate: { ContainerSpec: { Image: "stefanprodan/podinfo:6.9.2" } },
      Mode: { Replicated: { Replicas: 0 } },
    });
  await pMap(numbers, make, { concurrency: AT_A_TIME, signal });
}
