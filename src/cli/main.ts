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
  const create = COMMANDS.get(name);
  if (create !== undefined) return runCommand(await create(caller), given, caller);
  const isHelp = name === "--help" || name === "-h" || name === "help";
  if (isHelp) print(caller, await formatHelp(caller));
  else tell(caller, `error: ${whyUnknown(name)}; allowed: ${COMMAND_NAMES.join(", ")}`);
  caller.exitCode = isHelp ? 0 : 1;
  return caller.exitCode;
}

/** Each is loaded when it is run, so that none waits for what only others need. */
const ALL: ReadonlyMap<string, (caller: Caller) => Promise<Command>> = new Map([
  [
    "create-stacks",
    async (caller) => (await import("./commands/create-stacks.ts")).buildCreateStacks(caller),
  ],
  ["start", async (caller) => (await import("./commands/start.ts")).buildStart(caller)],
  ["scale", async (caller) => (await import("./commands/scale.ts")).buildScale(caller)],
  ["rebalance", async (caller) => (await import("./commands/rebalance.ts")).buildRebalance(caller)],
  ["stop", async (caller) => (await import("./commands/stop.ts")).buildStop(caller)],
  ["status", async (caller) => (await import("./commands/status.ts")).buildStatus(caller)],
  ["logs", async (caller) => (await import("./commands/logs.ts")).buildLogs(caller)],
  ["plan", async (caller) => (await import("./commands/plan.ts")).buildPlan(caller)],
  ["probe", async (caller) => (await import("./commands/probe.ts")).buildProbe(caller)],
  ["runtime", async (caller) => (await import("./commands/runtime.ts")).buildRuntime(caller)],
  ["sessions", async (caller) => (await import("./commands/sessions.ts")).buildSessions(caller)],
  ["drain", async (caller) => (await import("./commands/drain.ts")).buildDrain(caller)],
  ["ready", async (caller) => (await import("./commands/ready.ts")).buildReady(caller)],
]);

/** What in somebody else's program does the same as commands about stacks of Balancer's own. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ["create-stacks", "pulumi stack init"],
  ["start", "pulumi up"],
  ["scale", "change count, and pulumi up"],
  ["stop", "pulumi destroy"],
  ["plan", "pulumi preview"],
]);

const COMMANDS = new Map([...ALL].filter(([name]) => IS_CHECKOUT || !INSTEAD.has(name)));

/** Names of all commands. */
export const COMMAND_NAMES: readonly string[] = [...COMMANDS.keys()];

function whyUnknown(name: string): string {
  const instead = INSTEAD.get(name);
  if (instead === undefined) return `unknown command ${JSON.stringify(name)}`;
  return `${name} is for the stacks of Balancer's own program, in yours: ${instead}`;
}

async function formatHelp(caller: Caller): Promise<string> {
  const all = new Command("balancer").usage("<command> [options]").helpOption(false).helpCommand(false);
  for (const [name, create] of COMMANDS) all.command(name).description((await create(caller)).description());
  return `${all.helpInformation()}\nEach tells its options with --help.`;
}
