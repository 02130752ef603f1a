import { Command } from "commander";
import pc from "picocolors";
import { PulumiError } from "./pulumi.ts";

/** A command of `npm run`, with the option that all of them have. */
export const createCommand = (name: string, summary: string): Command =>
  new Command(name).description(summary).option("--stack <name>", "the Pulumi stack", "sticky").showHelpAfterError();

/** Runs a command. Exit code 0: done; 1: failed, with the reason on stderr; Pulumi's own where Pulumi failed. */
export async function main(command: Command): Promise<void> {
  try {
    await command.parseAsync();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(`${pc.red("error:")} ${message}`);
    process.exitCode = error instanceof PulumiError ? error.exitCode : 1;
  }
}
