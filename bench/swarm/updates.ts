import type { Config } from "../../test/harness/running-stack.ts";
import type { Task } from "../../test/harness/swarm.ts";
import type { SwarmStack } from "../../test/harness/swarm-stack.ts";
import { printTable } from "../report.ts";
import { type Seen, twoOfEach, underLoad } from "./clients.ts";
import { closedOf, failedOf, NONE, printFailures, seconds, spread } from "./figures.ts";
import type { TimeLeft } from "./time-left.ts";
import { update } from "./update.ts";
import { Watch } from "./watch.ts";

/** Name of the server in front of a task. */
export const serverOf = ({ service }: Pick<Task, "service">): string => service.replace(/^.*-podinfo/, "s");

/** An update under load. */
interface Update {
  readonly what: string;
  readonly changes: Config;
  /** Servers afterwards. */
  readonly count: number;
  /** Those of them that get a container. */
  readonly made: readonly string[];
}

const UPDATES: readonly Update[] = [
  { what: "`count` 3 → 6", changes: { count: 6 }, count: 6, made: ["s4", "s5", "s6"] },
  { what: "`count` 6 → 2", changes: { count: 2 }, count: 2, made: [] },
  {
    what: "`app.env`, one at a time",
    changes: { "app.env": { PODINFO_UI_MESSAGE: "second" } },
    count: 2,
    made: ["s1", "s2"],
  },
];

/** What became of a server that got a container. Undefined is what did not happen. */
interface Step {
  /** From its last new request until Swarm made another container. */
  readonly drainMs: number | undefined;
  /** From then until it was up at all balancers, at the address of that container. */
  readonly upMs: number | undefined;
  readonly wholeMs: number | undefined;
}

/**
 * Scales the stack and rolls a version out, under load through all balancers, and prints what it cost.
 * @param firstMs what the update before took, which made the stack
 */
export async function measureUpdates(stack: SwarmStack, firstMs: number, timeLeft: TimeLeft): Promise<void> {
  const rows = [["3 servers from nothing", seconds(firstMs), ...Array.from({ length: 5 }, () => NONE)]];
  const failures: (() => void)[] = [];
  for (const each of UPDATES) {
    if (!timeLeft.hasFor(each.what, 40)) continue;
    const { ms, steps, seen } = await measure(stack, each);
    const column = (key: keyof Step): string =>
      spread(
        steps.map((step) => step[key]),
        seconds,
      );
    const ofServers = [column("upMs"), column("drainMs"), column("wholeMs")];
    rows.push([each.what, seconds(ms), ...ofServers, failedOf(seen), closedOf(seen)]);
    failures.push(() => printFailures(each.what, seen.failures));
  }
  printTable(
    [
      "Updates under load (4 clients, 2 WebSockets for each balancer) in seconds; of servers that get a",
      'container the median (least–most): "made to UP" is from its creation until all balancers have it up',
    ].join("\n"),
    ["update", "seconds", "made to UP", "drain", "step", "failed of sent", "WebSockets closed"],
    rows,
  );
  for (const print of failures) print();
}

async function measure(
  stack: SwarmStack,
  { changes, count, made }: Update,
): Promise<{ readonly ms: number; readonly steps: readonly Step[]; readonly seen: Seen }> {
  const { numbers } = stack.machines;
  const urls = numbers.map((n) => stack.urlOf(n));
  const watch = new Watch(stack, numbers);
  const start = Date.now();
  let ms = Number.NaN;
  const seen = await underLoad(urls, twoOfEach(urls), async () => {
    ms = await update(stack, changes);
  });
  await watch.stop();
  const tasks = (await stack.tasks(count)).filter((task) => made.includes(serverOf(task)));
  return { ms, steps: tasks.map((task) => stepOf(task, watch, start)), seen };
}

function stepOf(task: Task, watch: Watch, start: number): Step {
  const { createdAt, address } = task;
  const server = serverOf(task);
  const up = watch.everywhere(server, createdAt, (at) => at.isServing && at.address === address);
  const upMs = up === undefined ? undefined : up - createdAt;
  // A slot without a container is out of rotation from the start.
  const wasServing = watch.anywhere(server, start, (at) => at.isServing && at.address !== address);
  const out = watch.anywhere(server, wasServing ?? start, (at) => at.adminState === "maint");
  const drainMs = wasServing === undefined || out === undefined ? undefined : createdAt - out;
  return { drainMs, upMs, wholeMs: drainMs === undefined || upMs === undefined ? undefined : drainMs + upMs };
}
