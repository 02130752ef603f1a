import type { Command } from "commander";
import { coloursOf } from "../../terminal/terminal.ts";
import { type Caller, print } from "../caller.ts";
import { createCommand } from "../command-line.ts";
import { runPulumi } from "../pulumi-cli.ts";
import { createMissingStacks, readOutputs } from "../stack-outputs.ts";

export const buildStart = (caller: Caller): Command =>
  createCommand("start", "Brings a stack up and prints its addresses").action(
    async ({ stack }: { stack: string }) => {
      await createMissingStacks(caller, [stack]);
      await runPulumi(caller, ["up", "--yes", "--skip-preview", "--stack", stack]);
      const outputs = await readOutputs(caller, stack);
      const {
        urls,
        httpsUrls,
        statsUrls,
        runtimeEndpoints,
        runtimeTlsEndpoints = [],
        servers,
        mode,
        prometheusUrl,
        grafanaUrl,
      } = outputs;
      const monitoring =
        prometheusUrl === undefined ? "" : `\n  Prometheus   ${prometheusUrl}\n  Grafana      ${grafanaUrl}`;
      const runtimes = [...runtimeEndpoints, ...runtimeTlsEndpoints.map((endpoint) => `${endpoint} (TLS)`)];
      const option = stack === "sticky" ? "" : ` --stack ${stack}`;
      print(
        caller,
        `
${coloursOf(caller.stdout).green(`Stack ${stack} is up`)}: ${servers.length} servers in ${mode} mode
  HTTP         ${urls.join(" ")}${httpsUrls === undefined ? "" : `\n  HTTPS        ${httpsUrls.join(" ")}`}
  stats        ${statsUrls.join(" ")}
  runtime API  ${runtimes.join(" ")}${monitoring}

  scale it     npm run scale -- 6${option}
  stop it      npm stop${option === "" ? "" : ` --${option}`}`,
      );
    },
  );
