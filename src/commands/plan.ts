import { z } from "zod";
import { describeChanges, describeWarnings } from "../changes.ts";
import { parseSettings } from "../config-parser.ts";
import { lookAtStack } from "../declaration.ts";
import { connectEngine } from "../engine/connection.ts";
import { createCommand, main, warn } from "./command-line.ts";
import { askPulumi } from "./pulumi.ts";
import { readOutputs } from "./stack-outputs.ts";

const CONFIG = z.record(z.string(), z.object({ value: z.string() }));

const plan = createCommand("plan", "Tells which way each change of a stack will go, without changing anything").action(
  async ({ stack }: { stack: string }) => {
    const config = CONFIG.parse(JSON.parse(await askPulumi(["config", "--json", "--stack", stack])));
    const own = Object.entries(config).flatMap(([key, { value }]) =>
      key.startsWith("balancer:") ? [[key.slice("balancer:".length), value] as const] : [],
    );
    const settings = parseSettings(stack, Object.fromEntries(own));
    const credentials = settings.runtimeTls && (await readOutputs(stack).catch(() => undefined))?.runtimeTlsCredentials;
    const { declared, observed } = await lookAtStack(await connectEngine(), settings, credentials);
    for (const warning of describeWarnings(declared)) warn(warning);
    const lines = describeChanges(declared, observed);
    console.log(lines.length === 0 ? "nothing to change" : lines.join("\n"));
  },
);

await main(plan);
