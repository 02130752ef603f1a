import { createCommand, main } from "../command-line.ts";
import { runPulumi } from "../pulumi-cli.ts";

const stop = createCommand("stop", "Destroys a stack: its containers, network and volumes").action(
  async ({ stack }: { stack: string }) => {
    await runPulumi(["destroy", "--yes", "--skip-preview", "--stack", stack]);
  },
);

await main(stop);
