import { Command } from "commander";
import { IS_CHECKOUT } from "../stack/checkout.ts";
import { type Caller, print, processCaller, tell } from "./caller.ts";
import { runCommand } from "./command-line.ts";

/**
 * Runs one of the commands.
 * @param args its name, and what it is given
 * @returns its exit code
 */
export async function run(args: readonly string[], caller: Caller = processCaller()): Promise<number> {
  const [name = "--help", ...given] = args;
  const command = COMMANDS.get(name);
  if (command !== undefined) return runCommand(await command.build(caller), given, caller);
  const isHelp = name === "--help" || name === "-h" || name === "help";
  if (isHelp) print(caller, await formatHelp(caller));
  else tell(caller, `error: ${whyUnknown(name)}; allowed: ${COMMAND_NAMES.join(", ")}`);
  caller.exitCode = isHelp ? 0 : 1;
  return caller.exitCode;
}

interface Known {
  readonly build: (caller: Caller) => Promise<Command>;
  /** What does the same in somebody else's program, where it is about stacks of Balancer's own. */
  readonly instead?: string;
}

/** Each is loaded when it is run, so that none waits for what only others need. */
const KNOWN: ReadonlyMap<string, Known> = new Map<string, Known>([
  [
    "create-stacks",
    {
      build: async (caller) => (await import("./commands/create-stacks.ts")).buildCreateStacks(caller),
      instead: "pulumi stack init",
    },
  ],
  [
    "start",
    {
      build: async (caller) => (await import("./commands/start.ts")).buildStart(caller),
      instead: "pulumi up",
    },
  ],
  [
    "scale",
    {
      build: async (caller) => (await import("./commands/scale.ts")).buildScale(caller),
      instead: "change count, and pulumi up",
    },
  ],
  [
    "rebalance",
    { build: async (caller) => (await import("./commands/rebalance.ts")).buildRebalance(caller) },
  ],
  [
    "stop",
    {
      build: async (caller) => (await import("./commands/stop.ts")).buildStop(caller),
      instead: "pulumi destroy",
    },
  ],
  ["status", { build: async (caller) => (await import("./commands/status.ts")).buildStatus(caller) }],
  ["logs", { build: async (caller) => (await import("./commands/logs.ts")).buildLogs(caller) }],
  [
    "plan",
    {
      build: async (caller) => (await import("./commands/plan.ts")).buildPlan(caller),
      instead: "pulumi preview",
    },
  ],
  ["probe", { build: async (caller) => (await import("./commands/probe.ts")).buildProbe(caller) }],
  ["runtime", { build: async (caller) => (await import("./commands/runtime.ts")).buildRuntime(caller) }],
  ["sessions", { build: async (caller) => (await import("./commands/sessions.ts")).buildSessions(caller) }],
  ["drain", { build: async (caller) => (await import("./commands/drain.ts")).buildDrain(caller) }],
  ["ready", { build: async (caller) => (await import("./commands/ready.ts")).buildReady(caller) }],
]);

const COMMANDS = new Map([...KNOWN].filter(([, { instead }]) => IS_CHECKOUT || instead === undefined));

/** Names of all commands. */
export const COMMAND_NAMES: readonly string[] = [...COMMANDS.keys()];

function whyUnknown(name: string): string {
  const instead = KNOWN.get(name)?.instead;
  if (instead === undefined) return `unknown command ${JSON.stringify(name)}`;
  return `${name} is for the stacks of Balancer's own program, in yours: ${instead}`;
}

async function formatHelp(caller: Caller): Promise<string> {
  const all = new Command("balancer").usage("<command> [options]").helpOption(false).helpCommand(false);
  for (const [name, { build }] of COMMANDS)
    all.command(name).description((await build(caller)).description());
  return `${all.helpInformation()}\nEach tells its options with --help.`;
}
