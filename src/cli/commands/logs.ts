import { type Command, InvalidArgumentError } from "commander";
import { connectEngine } from "../../docker/engine.ts";
import { EngineError } from "../../docker/engine-error.ts";
import { countContainers, type LogReading, readStackLogs } from "../../docker/log-stream.ts";
import { readHead } from "../../haproxy/file/head.ts";
import { readDuration } from "../../stack/duration.ts";
import type { StackOutputs } from "../../stack/outputs.ts";
import { showControls } from "../../stack/safe-text.ts";
import { findManager } from "../../swarm/managers.ts";
import { countServices, readServiceLogs } from "../../swarm/service-logs.ts";
import { coloursOf, isTerminal } from "../../terminal/terminal.ts";
import { type Caller, print, tell } from "../caller.ts";
import { type AppOptions, balancerOption, createAppCommand, warnOfFailure } from "../command-line.ts";
import { nameIn, readApp } from "../running-app.ts";
import { ofBalancers, startOf } from "../stack-outputs.ts";

type Options = AppOptions & { readonly since?: number; readonly follow: boolean };

export const buildLogs = (caller: Caller): Command =>
  createAppCommand(
    "logs",
    "Follows HAProxy and all app containers, each line with its container's name; interrupt it to end",
  )
    .option("--since <time>", "only lines of the last time, such as 30s, 10m or 2h", seconds)
    .option("--no-follow", "print what there is, and end")
    .addOption(balancerOption())
    .addHelpText(
      "after",
      `
With --balancer the app containers are shown as well.
On a terminal control characters are shown as \\x1b, so that no log line drives it.
Exit code 1 when a container's log cannot be read; the others are shown.`,
    )
    .action(async (options: Options) => {
      const interruption = new AbortController();
      // npm passes an interrupt of the terminal on, so two of them come.
      caller.onInterrupt(() => interruption.abort());
      try {
        await printLogs(caller, options, interruption.signal);
      } catch (error) {
        if (!interruption.signal.aborted) throw error;
      }
    });

async function printLogs(caller: Caller, options: Options, signal: AbortSignal) {
  const { balancer, since, follow } = options;
  const app = await readApp(caller, options).catch((error: unknown) => {
    const named = nameIn(options);
    if (balancer !== undefined || named === undefined) throw error;
    return { ...named, outputs: undefined }; // its containers may be coming up
  });
  const { name, title, outputs } = app;
  // refuses a number that no balancer of the stack has
  if (balancer !== undefined) ofBalancers(outputs?.runtimeEndpoints ?? [], balancer);
  const haproxyName = balancer === undefined ? undefined : `${name}-haproxy${balancer}`;
  const source = await sourceOf(outputs?.swarm, name);
  if ((await source.count()) === 0) {
    if (!follow) throw new Error(`${title} has no containers; ${startOf(options.stack)}`);
    tell(caller, `${title} has no containers yet; their lines follow when it starts`);
  }
  const sinceSeconds = since === undefined ? 0 : Math.floor(Date.now() / 1000) - since;
  const onFailure = (container: string, words: string): void =>
    warnOfFailure(caller, `the log of ${container} cannot be read: ${words}`);
  const nameColoured = colourNames(caller);
  const onLine = (container: string, line: string): void =>
    print(caller, `${nameColoured(container)} | ${isTerminal(caller.stdout) ? showControls(line) : line}`);
  const reading = { sinceSeconds, isFollowing: follow, signal, haproxyName, onLine, onFailure };
  await Promise.all([tellWhatIsLogged(caller, outputs), source.read(reading)]);
}

/** Where a stack's logs are. */
interface LogSource {
  /** Counts what has a log. */
  count(): Promise<number>;
  read(reading: LogReading): Promise<unknown>;
}

/** On a Swarm the app's logs come from a manager, and those of HAProxy from its machine. */
async function sourceOf(swarm: StackOutputs["swarm"], stack: string): Promise<LogSource> {
  // Each container's log keeps a request open.
  const requests = Number.POSITIVE_INFINITY;
  if (swarm === undefined) {
    const docker = await connectEngine({ requests });
    return {
      count: () => countContainers(docker, stack),
      read: (reading) => readStackLogs(docker, stack, reading),
    };
  }
  const manager = await findManager(swarm.managers);
  const there = swarm.machines.filter(({ isDown }) => !isDown);
  return {
    count: () => countServices(manager, stack),
    read: (reading) =>
      Promise.all([
        readServiceLogs(manager, stack, reading),
        ...there.map(async ({ name, engine: host }) => {
          try {
            const docker = await connectEngine({
              host,
              requests,
              what: `the Docker engine of machine ${name}`,
            });
            await readStackLogs(docker, stack, { ...reading, isOfHaproxyAlone: true });
          } catch (error) {
            if (!(error instanceof EngineError)) throw error;
            reading.onFailure(`HAProxy on ${name}`, error.message);
          }
        }),
      ]),
  };
}

/** Says which requests are not to be found in the log, so that nobody waits for their lines. */
async function tellWhatIsLogged(caller: Caller, outputs: StackOutputs | undefined): Promise<void> {
  const words = UNLOGGED[readHead(outputs?.haproxyConfig ?? "")?.madeFrom.accessLog ?? ""];
  if (words !== undefined) tell(caller, words);
}

const UNLOGGED: Readonly<Record<string, string>> = {
  off: "accessLog is off: there is no access log, HAProxy's lines are its own notices",
  errors: "accessLog is errors: of requests there are those refused, repeated, cut off or answered by 5xx",
};

/** Gives each container a colour of its own, as far as there are any. */
function colourNames({ stdout }: Caller): (container: string) => string {
  const { cyan, green, magenta, blue, yellow, white } = coloursOf(stdout);
  const all = [cyan, green, magenta, blue, yellow, white] as const;
  const given = new Map<string, (text: string) => string>();
  return (container) => {
    const colour = given.get(container) ?? all[given.size % all.length] ?? white;
    given.set(container, colour);
    return colour(container);
  };
}

function seconds(text: string): number {
  const ms = readDuration(text, ["s", "m", "h"]);
  if (ms === undefined) throw new InvalidArgumentError("a time such as 30s, 10m or 2h");
  return ms / 1_000;
}
