import { randomInt } from "node:crypto";
import { Command, InvalidArgumentError } from "commander";
import { processCaller } from "../../src/cli/caller.ts";
import { runCommand, wholeNumber } from "../../src/cli/command-line.ts";
import { interruptible } from "../interruptible.ts";
import { soak } from "./soak.ts";
import { formatSummary } from "./summary.ts";

const caller = processCaller();
const SEEDS = 2 ** 31;
const MOST_MINUTES = 7 * 24 * 60;

const command = new Command("soak")
  .description(
    [
      "Changes a stack at random while it is in use.",
      "Exit code 1 when a request failed or a WebSocket was lost without a cause.",
    ].join(" "),
  )
  .requiredOption(
    "--minutes <n>",
    "how long; the event under way then is the last, once each kind has come",
    minutes,
  )
  .option("--seed <n>", "which events happen; random by default", wholeNumber(0, SEEDS - 1))
  .option("--json", "print the summary as JSON; the lines of the events go to stderr")
  .showHelpAfterError()
  .action(
    async ({
      minutes,
      seed = randomInt(SEEDS),
      json = false,
    }: {
      minutes: number;
      seed?: number;
      json?: boolean;
    }) => {
      const { signal, isInterrupted } = interruptible();
      const print = json ? console.error : console.log;
      print(`seed ${seed}, ${minutes} min`);
      const summary = await soak({ minutes, seed, signal, print });
      console.log(json ? JSON.stringify(summary, undefined, 2) : `\n${formatSummary(summary).join("\n")}`);
      caller.exitCode = summary.problems.length > 0 ? 1 : isInterrupted() ? 130 : 0;
    },
  );

function minutes(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0 || value > MOST_MINUTES)
    throw new InvalidArgumentError(`a number above 0, ${MOST_MINUTES} at most`);
  return value;
}

process.exitCode = await runCommand(command, process.argv.slice(2), caller);
