import type { Command } from "commander";
import { callOf } from "../../stack/checkout.ts";
import { coloursOf } from "../../terminal/terminal.ts";
import { type Caller, print } from "../caller.ts";
import { createCommand, optionsOf, type StackOptions } from "../command-line.ts";
import { runPulumi } from "../pulumi-cli.ts";
import { createMissingStacks, readOutputs } from "../stack-outputs.ts";
import { EXAMPLES } from "./create-stacks.ts";

export const buildStart = (caller: Caller): Command =>
  createCommand("start", "Brings a stack up and prints its addresses").action(
    async ({ stack }: StackOptions) => {
      await createMissingStacks(caller, EXAMPLES.includes(stack) ? EXAMPLES : [stack]);
      await runPulumi(caller, ["up", "--yes", "--skip-preview", "--stack", stack]);
      const up = await readOutputs(caller, stack);
      const monitoring =
        up.prometheusUrl && `\n  Prometheus   ${up.prometheusUrl}\n  Grafana      ${up.grafanaUrl}`;
      const tls = (up.runtimeTlsEndpoints ?? []).map((endpoint) => `${endpoint} (TLS)`);
      const options = optionsOf({ stack });
      print(
        caller,
        `
${coloursOf(caller.stdout).green(`Stack ${stack} is up`)}: ${up.servers.length} servers in ${up.mode} mode
  HTTP         ${up.urls.join(" ")}${up.httpsUrls ? `\n  HTTPS        ${up.httpsUrls.join(" ")}` : ""}
  stats        ${up.statsUrls.join(" ")}
  runtime API  ${[...up.runtimeEndpoints, ...tls].join(" ")}${monitoring ?? ""}

  scale it     ${callOf("scale", ["6", ...options].join(" "))}
  stop it      ${callOf("stop", options.join(" "))}`,
      );
    },
  );
