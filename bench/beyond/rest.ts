import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { command } from "../../src/haproxy/runtime/command.ts";
import type { SwarmStack } from "../../test/harness/swarm-stack.ts";
import { lookTwice, measureIdle, measureUsage, type Usage } from "../swarm/idle.ts";

const REST_MS = 6_000;
/** The kernel tells the time of processes in hundredths of a second. */
const TICK_MS = 10;
const BYTES_PER_PAGE = 4096;

/** What a stack takes that nobody asks anything, on the machine of each balancer. */
export interface Rest {
  readonly haproxy: Usage;
  /** Of the Docker engine, which answers HAProxy's questions for names as well. */
  readonly engine: Usage;
  /** Questions for names that each HAProxy asks in a second. */
  readonly questions: readonly number[];
  /** Share of all cores that was busy, whoever had them. */
  readonly busy: number;
}

/** Looks at a stack for some seconds in which nobody asks it anything. */
export async function measureRest(stack: SwarmStack, signal: AbortSignal): Promise<Rest> {
  const [haproxy, engine, questions, busy] = await Promise.all([
    measureIdle(stack, REST_MS, signal),
    measureEngines(stack, signal),
    countQuestions(stack, signal),
    measureBusy(signal),
  ]);
  return { haproxy, engine, questions, busy };
}

async function measureBusy(signal: AbortSignal): Promise<number> {
  const [before, after] = await lookTwice(coreTimes, REST_MS, signal);
  return 1 - (after.idle - before.idle) / (after.all - before.all);
}

function coreTimes() {
  const times = cpus().map((core) => core.times);
  const sum = (list: readonly number[]): number => list.reduce((total, each) => total + each, 0);
  return { idle: sum(times.map(({ idle }) => idle)), all: sum(times.flatMap((each) => Object.values(each))) };
}

async function measureEngines(stack: SwarmStack, signal: AbortSignal): Promise<Usage> {
  const look = () => Promise.all(stack.balancers.map((n) => lookAtEngine(stack, n)));
  return measureUsage(look, REST_MS, signal);
}

async function lookAtEngine({ machines }: SwarmStack, n: number) {
  const [pid] = await machines.engineProcessesOf(n, "dockerd");
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  // The name of the program may have blanks in it; the process's state comes next.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [user = 0, system = 0, pages = 0] = [11, 12, 21].map((index) => Number(fields[index]));
  return {
    atMs: performance.now(),
    ranMs: (user + system) * TICK_MS,
    memory: pages * BYTES_PER_PAGE,
  };
}

async function countQuestions(stack: SwarmStack, signal: AbortSignal): Promise<number[]> {
  const look = () => Promise.all(stack.balancers.map((n) => questionsOf(stack, n)));
  const [before, after] = await lookTwice(look, REST_MS, signal);
  return after.map((count, index) => ((count - (before[index] ?? 0)) * 1_000) / REST_MS);
}

async function questionsOf(stack: SwarmStack, n: number): Promise<number> {
  const told = await stack.ask((haproxy) => haproxy.ask(command("show resolvers docker")), n);
  const sent = /^\s*sent:\s+(\d+)$/m.exec(told)?.[1];
  if (sent === undefined) throw new Error(`HAProxy does not tell what it asked: ${told}`);
  return Number(sent);
}
