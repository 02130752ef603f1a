import type { Command } from "commander";
import { commandLine } from "../../haproxy/runtime/command.ts";
import { RuntimeError } from "../../haproxy/runtime/runtime-error.ts";
import { runUserLine } from "../../haproxy/runtime/user-line.ts";
import { formatEndpoint } from "../../stack/endpoint.ts";
import { showControls } from "../../stack/safe-text.ts";
import { isTerminal } from "../../terminal/terminal.ts";
import type { Caller } from "../caller.ts";
import { type AppOptions, balancerOption, createAppCommand, wholeNumber } from "../command-line.ts";
import { readApp } from "../running-app.ts";
import { endpointsOf } from "../stack-outputs.ts";

type Options = AppOptions & { readonly timeout: number };

export const buildRuntime = (caller: Caller): Command =>
  createAppCommand("runtime", "Runs commands of HAProxy's runtime API and prints the replies")
    .argument(
      "<command...>",
      'such as "show info"; ";" joins several; "@master show proc" asks the master process',
    )
    .addOption(balancerOption())
    .option("--timeout <seconds>", "how long to wait for the replies of a balancer", wholeNumber(1, 600), 30)
    .addHelpText(
      "after",
      `
Several balancers are asked one after the other; a line with its name comes before the replies of each.
Exit code 1 when HAProxy refuses a command or does not answer: why is on stderr, all other replies are on \
stdout.`,
    )
    .action(async (words: string[], { timeout, ...options }: Options) => {
      const { stdout } = caller;
      const line = commandLine(words.join(" "));
      const endpoints = endpointsOf((await readApp(caller, options)).outputs, options.balancer);
      const failures: string[] = [];
      for (const [index, endpoint] of endpoints.entries()) {
        const where = formatEndpoint(endpoint);
        const heading = endpoints.length > 1 ? `==> haproxy${index + 1} at ${where} <==\n` : "";
        try {
          const { output, refusals } = await runUserLine(endpoint, line, timeout * 1000);
          stdout.write(heading + (isTerminal(stdout) ? showControls(output) : output));
          failures.push(...refusals.map((told) => `HAProxy at ${where} refused: ${told}`));
        } catch (error) {
          if (!(error instanceof RuntimeError)) throw error;
          failures.push(error.message);
        }
      }
      if (failures.length > 0) throw new Error(failures.join("\n"));
    });
