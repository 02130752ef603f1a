import { Command } from "commander";
import { main } from "../command-line.ts";
import { createMissingStacks } from "../stack-outputs.ts";

const createStacks = new Command("npm run setup --")
  .description(
    "Sets up this machine, and creates the stacks of stacks/ in Pulumi's backend, where they are missing",
  )
  .action(() => createMissingStacks(["sticky", "hash"]));

await main(createStacks);
