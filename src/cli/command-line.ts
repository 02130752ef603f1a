import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { callOf, IS_CHECKOUT } from "../stack/checkout.ts";
import { showControls } from "../stack/safe-text.ts";
import { messageOf } from "../stack/settled.ts";
import { coloursOf, isTerminal } from "../terminal/terminal.ts";
import { type Caller, tell } from "./caller.ts";
import { PulumiError } from "./pulumi-cli.ts";

/** The option of every command. */
export interface StackOptions {
  readonly stack: string;
}

/** Which app a command is about, and which balancer of it. */
export interface AppOptions {
  /** Undefined for the one that Pulumi has selected. */
  readonly stack?: string | undefined;
  /** Undefined for the only one of the stack. */
  readonly app?: string | undefined;
  readonly balancer?: number;
}

/** A command about a stack of Balancer's own program. */
export const createCommand = (name: string, summary: string): Command =>
  createBare(name, summary).option("--stack <name>", "the Pulumi stack", OWN_STACK);

/** A command about an app, in Balancer's own program or in another. */
export const createAppCommand = (name: string, summary: string): Command =>
  (IS_CHECKOUT
    ? createCommand(name, summary)
    : createBare(name, summary).option("--stack <name>", "the Pulumi stack; without it the selected one")
  ).option("--app <name>", "the BalancedApp with this name, where the stack has several");

/** How the user gives the same app to another command. */
export const optionsOf = ({ stack, app }: AppOptions): string[] => [
  ...(stack === undefined || (IS_CHECKOUT && stack === OWN_STACK) ? [] : [`--stack ${stack}`]),
  ...(app === undefined ? [] : [`--app ${app}`]),
];

/** The stack that a command of a checkout is about. */
const OWN_STACK = "sticky";

const createBare = (name: string, summary: string): Command =>
  new Command(IS_CHECKOUT ? `npm run ${name} --` : callOf(name)).description(summary).showHelpAfterError();

/** The option that picks one balancer of a stack. */
export const balancerOption = (): Option =>
  new Option("--balancer <n>", "the stack's balancer with this number; without it all of them").argParser(
    wholeNumber(1, 100),
  );

/** Reads an option's number. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`Allowed: a whole number from ${least} to ${most}.`);
  };

/** Tells on stderr what a user may not want, though it is done. */
export const warn = (caller: Caller, text: string): void =>
  tell(caller, `${coloursOf(caller.stderr).yellow("warning:")} ${text}`);

/** Tells on stderr what failed while the rest is done. The exit code is 1 then. */
export function warnOfFailure(caller: Caller, text: string): void {
  warn(caller, text);
  caller.exitCode = 1;
}

/**
 * Runs a command.
 * @returns exit code 0: done; 1: failed, with the reason on stderr; Pulumi's own where Pulumi failed
 */
export async function runCommand(command: Command, args: readonly string[], caller: Caller): Promise<number> {
  command.exitOverride().configureOutput({
    writeOut: (text) => caller.stdout.write(text),
    writeErr: (text) => caller.stderr.write(text),
  });
  try {
    await command.parseAsync(args, { from: "user" });
  } catch (error) {
    caller.exitCode = exitCodeOf(error);
    if (error instanceof CommanderError) return caller.exitCode; // Commander has told why.
    const message = messageOf(error);
    const shown = isTerminal(caller.stderr) ? showControls(message) : message;
    tell(caller, `${coloursOf(caller.stderr).red("error:")} ${shown}`);
  }
  return caller.exitCode;
}

const exitCodeOf = (error: unknown): number =>
  error instanceof PulumiError || error instanceof CommanderError ? error.exitCode : 1;
