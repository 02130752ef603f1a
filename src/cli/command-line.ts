import { Command, InvalidArgumentError, Option } from "commander";
import { showControls } from "../stack/safe-text.ts";
import { coloursOf, isTerminal } from "../terminal/terminal.ts";
import { PulumiError } from "./pulumi-cli.ts";

/** A command of `npm run`, with the option that all of them have. */
export const createCommand = (name: string, summary: string): Command =>
  new Command(`npm run ${name} --`)
    .description(summary)
    .option("--stack <name>", "the Pulumi stack", "sticky")
    .showHelpAfterError();

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
export const warn = (text: string): void =>
  console.error(`${coloursOf(process.stderr).yellow("warning:")} ${text}`);

/** Tells on stderr what failed while the rest is done. The exit code is 1 then. */
export function warnOfFailure(text: string): void {
  warn(text);
  process.exitCode = 1;
}

/** Runs a command. Exit code 0: done; 1: failed, with the reason on stderr; Pulumi's own where Pulumi failed. */
export async function main(command: Command): Promise<void> {
  process.stdout.on("error", endWithReader);
  try {
    await command.parseAsync();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(
      `${coloursOf(process.stderr).red("error:")} ${isTerminal(process.stderr) ? showControls(message) : message}`,
    );
    process.exitCode = error instanceof PulumiError ? error.exitCode : 1;
  }
}

/** A reader such as `head` that has seen enough is no failure. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit();
}
