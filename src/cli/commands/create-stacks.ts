import { Command } from "commander";
import type { Caller } from "../caller.ts";
import { createMissingStacks } from "../stack-outputs.ts";

/** Stacks whose config is part of this checkout. They are in the backend after a set-up. */
export const EXAMPLES: readonly string[] = ["sticky", "hash"];

export const buildCreateStacks = (caller: Caller): Command =>
  new Command("npm run setup --")
    .description(
      "Sets up this machine, and creates the stacks of stacks/ in Pulumi's backend, where they are missing",
    )
    .action(() => createMissingStacks(caller, EXAMPLES));
