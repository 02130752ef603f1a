import type { Command } from "commander";
import type { Caller } from "../caller.ts";
import { createCommand, type StackOptions } from "../command-line.ts";
import { runPulumi } from "../pulumi-cli.ts";
import { readSettings } from "../stack-config.ts";

export const buildScale = (caller: Caller): Command =>
  createCommand("scale", "Sets how many app containers run, and brings the stack there without a reload")
    .argument("<count>", "app containers")
    .action(async (count: string, { stack }: StackOptions) => {
      await readSettings(caller, stack, { count }); // a count that is refused must not reach the stack's file
      await runPulumi(caller, ["config", "set", "count", count, "--stack", stack]);
      await runPulumi(caller, ["up", "--yes", "--skip-preview", "--stack", stack]);
    });
