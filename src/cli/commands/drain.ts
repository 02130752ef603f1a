import type { Command } from "commander";
import type { Haproxy } from "../../haproxy/runtime/client.ts";
import { readOldSessions, readSessions } from "../../haproxy/runtime/running-state.ts";
import { isInRotation } from "../../haproxy/runtime/state.ts";
import { readStickySessions } from "../../haproxy/runtime/stick-table.ts";
import { callOf } from "../../stack/checkout.ts";
import { poll } from "../../stack/clock.ts";
import { type Caller, print } from "../caller.ts";
import {
  type AppOptions,
  balancerOption,
  createAppCommand,
  optionsOf,
  warn,
  wholeNumber,
} from "../command-line.ts";
import { type Balancer, checkNames, onEach, readBalancers } from "../rotation.ts";
import { readApp } from "../running-app.ts";
import { haproxiesOf } from "../stack-outputs.ts";

const POLL_MS = 200;
const PROGRESS_MS = 5_000;

type Options = AppOptions & { readonly wait?: boolean; readonly timeout: number };

export const buildDrain = (caller: Caller): Command =>
  createAppCommand("drain", "Gives servers no new session; sessions that stick to them go on")
    .argument("<server...>", "names such as s2")
    .option("--wait", "wait until no connection to them is in use")
    .option("--timeout <seconds>", "how long --wait waits", wholeNumber(1, 86_400), 60)
    .addOption(balancerOption())
    .addHelpText(
      "after",
      `
In hash mode nothing sticks: every session of theirs goes to another server, and comes back when they do.
The next pulumi up puts all declared servers back into rotation.
A balancer that does not answer is told, and does not keep the others from it.
Exit code 1 when one does not, HAProxy has no such server, or a connection is still in use after --timeout.`,
    )
    .action(async (given: string[], { stack, app, balancer, wait = false, timeout }: Options) => {
      const { outputs } = await readApp(caller, { stack, app });
      const reached = await readBalancers(caller, haproxiesOf(outputs, balancer));
      const names = checkNames(given, outputs, reached);
      const haproxies = await onEach(caller, reached, async ({ haproxy, servers }) => {
        const wanted = servers.filter(({ name }) => names.includes(name));
        await haproxy.runSteps(
          wanted.flatMap(({ name, adminState }) => haproxy.steps.setDrain(name, adminState)),
        );
        return haproxy;
      });
      const balancers = await readBalancers(caller, haproxies);
      if (!balancers.every(({ servers }) => servers.some(isInRotation)))
        warn(caller, "no server is left for new sessions; they get status 503");
      const sticking = outputs.mode === "sticky" ? await countSticking(balancers, names) : undefined;
      for (const [name, count] of await countConnections(haproxies, names)) {
        const rest = sticking === undefined ? "" : `, ${stick(sticking.get(name) ?? 0)}`;
        print(caller, `${name} drains: ${describe(count)}${rest}`);
      }
      const ready = callOf("ready", [...names, ...optionsOf({ stack, app })].join(" "));
      print(caller, `back into rotation: ${ready}, or the next pulumi up`);
      if (wait) await waitIdle(caller, haproxies, { names, timeoutSeconds: timeout });
    });

/** Counts connections in use on all balancers, those of workers of before a reload included. */
async function countConnections(haproxies: readonly Haproxy[], names: readonly string[]) {
  const counts = await Promise.all(
    haproxies.flatMap((haproxy) => [readSessions(haproxy), readOldSessions(haproxy)]),
  );
  return new Map(names.map((name) => [name, counts.reduce((sum, count) => sum + (count.get(name) ?? 0), 0)]));
}

/** Sessions in the stick table, which all balancers share. */
async function countSticking([balancer]: readonly Balancer[], names: readonly string[]) {
  const counts = new Map(names.map((name) => [name, 0]));
  if (balancer === undefined) return counts;
  for await (const { server } of readStickySessions(balancer.haproxy, balancer.servers)) {
    const count = counts.get(server);
    if (count !== undefined) counts.set(server, count + 1);
  }
  return counts;
}

async function waitIdle(
  caller: Caller,
  haproxies: readonly Haproxy[],
  { names, timeoutSeconds }: { readonly names: readonly string[]; readonly timeoutSeconds: number },
): Promise<void> {
  const look = async (): Promise<string> =>
    [...(await countConnections(haproxies, names))]
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${name}: ${describe(count)}`)
      .join(", ");
  const tell = (busy: string): void => print(caller, busy);
  const busy = await poll(look, {
    until: (text) => text === "",
    everyMs: POLL_MS,
    timeoutMs: timeoutSeconds * 1000,
    progress: { afterMs: PROGRESS_MS, everyMs: PROGRESS_MS, tell },
  });
  if (busy !== "") throw new Error(`after ${timeoutSeconds} s (--timeout) ${busy}; still draining`);
  print(caller, `${names.join(" ")}: no connection in use`);
}

const describe = (count: number): string =>
  count === 0 ? "no connection in use" : `${count} connection${count === 1 ? "" : "s"} in use`;

const stick = (count: number): string =>
  count === 1 ? "1 remembered session sticks to it" : `${count} remembered sessions stick to it`;
