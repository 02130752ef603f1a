import { createCommand, main } from "../command-line.ts";
import { runPulumi } from "../pulumi-cli.ts";
import { readSettings } from "../stack-config.ts";

const scale = createCommand(
  "scale",
  "Sets how many app containers run, and brings the stack there without a reload",
)
  .argument("<count>", "app containers")
  .action(async (count: string, { stack }: { stack: string }) => {
    await readSettings(stack, { count }); // a count that is refused must not reach the stack's file
    await runPulumi(["config", "set", "count", count, "--stack", stack]);
    await runPulumi(["up", "--yes", "--skip-preview", "--stack", stack]);
  });

await main(scale);
