import { coloursOf } from "../../terminal/terminal.ts";
import { createCommand, main } from "../command-line.ts";
import { runPulumi } from "../pulumi-cli.ts";
import { createMissingStacks, readOutputs } from "../stack-outputs.ts";

const start = createCommand("start", "Brings a stack up and prints its addresses").action(
  async ({ stack }: { stack: string }) => {
    await createMissingStacks([stack]);
    await runPulumi(["up", "--yes", "--skip-preview", "--stack", stack]);
    const outputs = await readOutputs(stack);
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
    const option = stack === "sticky" ? "" : ` --stack ${stack}`;
    console.log(`
${coloursOf(process.stdout).green(`Stack ${stack} is up`)}: ${servers.length} servers in ${mode} mode
  HTTP         ${urls.join(" ")}${httpsUrls === undefined ? "" : `\n  HTTPS        ${httpsUrls.join(" ")}`}
  stats        ${statsUrls.join(" ")}
  runtime API  ${[...runtimeEndpoints, ...runtimeTlsEndpoints.map((endpoint) => `${endpoint} (TLS)`)].join(" ")}${monitoring}

  scale it     npm run scale -- 6${option}
  stop it      npm stop${option === "" ? "" : ` --${option}`}`);
  },
);

await main(start);
