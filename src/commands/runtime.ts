import { command } from "../runtime/command.ts";
import { runRaw } from "../runtime/connection.ts";
import { parseEndpoint } from "../runtime/endpoint.ts";
import { createCommand, main } from "./command-line.ts";
import { readOutputs } from "./stack-outputs.ts";

const runtime = createCommand("runtime", "Runs one command of HAProxy's runtime API and prints the answer")
  .argument("<command...>", 'such as "show info"; begin it with @master for the master process')
  .action(async (words: string[], { stack }: { stack: string }) => {
    const line = command(words.join(" "));
    const { runtimeEndpoints } = await readOutputs(stack);
    for (const endpoint of runtimeEndpoints) process.stdout.write(await runRaw(parseEndpoint(endpoint), line));
  });

await main(runtime);
