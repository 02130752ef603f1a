import { Command, InvalidArgumentError, Option } from "commander";
import { benchBeyond } from "./beyond/main.ts";
import { measureChanges } from "./changes.ts";
import { benchDoor } from "./door/main.ts";
import { interruptible } from "./interruptible.ts";
import { benchPulumi } from "./pulumi/main.ts";
import { printLoad } from "./report.ts";
import { benchRivals } from "./rivals/main.ts";
import { benchSwarm } from "./swarm/main.ts";
import { benchSync } from "./sync/main.ts";

const PARTS = {
  sync: benchSync,
  pulumi: benchPulumi,
  door: benchDoor,
  changes: measureChanges,
  rivals: benchRivals,
  swarm: benchSwarm,
  beyond: benchBeyond,
} as const;
/** Parts that take what not every machine has. They are measured by their names alone. */
const NAMED_ONLY: readonly string[] = ["rivals", "swarm", "beyond"];

await new Command("bench")
  .description(
    [
      "Measures Balancer next to the least that could do its work;",
      "prints ratios and whether their targets are reached.",
    ].join(" "),
  )
  .addOption(
    new Option(
      "--only <part>",
      "measure one part; swarm and beyond take root and make machines, so only this measures them",
    ).choices(Object.keys(PARTS)),
  )
  .option("--rounds <n>", "how often each variant is measured", wholeNumber, 5)
  .action(async ({ only, rounds }: { only?: string; rounds: number }) => {
    const { signal, isInterrupted } = interruptible();
    printLoad("start");
    try {
      for (const [name, bench] of Object.entries(PARTS))
        if (only === undefined ? !NAMED_ONLY.includes(name) : only === name)
          await bench({ count: rounds, signal });
      printLoad("end");
    } catch (error) {
      if (!isInterrupted()) throw error;
      console.error("interrupted; everything is removed");
      process.exitCode = 130;
    }
  })
  .parseAsync();

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError("a whole number from 1 to 999");
  return Number(text);
}
