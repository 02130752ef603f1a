import { commandLine } from "../runtime/command.ts";
import { formatEndpoint } from "../runtime/endpoint.ts";
import { runUserLine } from "../runtime/user-line.ts";
import { isTerminal, showControls } from "../terminal.ts";
import { balancerOption, createCommand, main, wholeNumber } from "./command-line.ts";
import { endpointsOf, readOutputs } from "./stack-outputs.ts";

interface Options {
  readonly stack: string;
  readonly balancer?: number;
  readonly timeout: number;
}

const runtime = createCommand("runtime", "Runs commands of HAProxy's runtime API and prints the replies")
  .argument("<command...>", 'such as "show info"; ";" joins several; "@master show proc" asks the master process')
  .addOption(balancerOption("the first one"))
  .option("--timeout <seconds>", "how long to wait for the replies", wholeNumber(1, 600), 30)
  .addHelpText("after", "\nExit code 1 when HAProxy refuses a command: its words are on stderr, the replies to the others on stdout.")
  .action(async (words: string[], { stack, balancer = 1, timeout }: Options) => {
    const line = commandLine(words.join(" "));
    for (const endpoint of endpointsOf(await readOutputs(stack), balancer)) {
      const { output, refusals } = await runUserLine(endpoint, line, timeout * 1000);
      process.stdout.write(isTerminal(process.stdout) ? showControls(output) : output);
      if (refusals.length > 0) throw new Error(refusals.map((words) => `HAProxy at ${formatEndpoint(endpoint)} refused: ${words}`).join("\n"));
    }
  });

await main(runtime);
