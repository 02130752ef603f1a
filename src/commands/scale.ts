import { createCommand, main } from "./command-line.ts";
import { runPulumi } from "./pulumi.ts";

const scale = createCommand("scale", "Sets how many app containers run, and brings the stack there without a reload")
  .argument("<count>", "app containers")
  .action(async (count: string, { stack }: { stack: string }) => {
    if (!/^\d{1,4}$/.test(count)) throw new Error(`count: ${JSON.stringify(count)} is refused; allowed: a whole number from 0 to 1000`);
    await runPulumi(["config", "set", "count", count, "--stack", stack]);
    await runPulumi(["up", "--yes", "--skip-preview", "--stack", stack]);
  });

await main(scale);
