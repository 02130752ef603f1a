import { connectEngine } from "../../docker/engine.ts";
import { describeChanges, describeWarnings } from "../../preview/changes.ts";
import { lookAtStack } from "../../preview/situation.ts";
import { createCommand, main, warn } from "../command-line.ts";
import { readSettings } from "../stack-config.ts";
import { readOutputs } from "../stack-outputs.ts";

const plan = createCommand(
  "plan",
  "Tells which way each change of a stack will go, without changing anything",
).action(async ({ stack }: { stack: string }) => {
  const settings = await readSettings(stack);
  const credentials =
    settings.runtimeTls && (await readOutputs(stack).catch(() => undefined))?.runtimeTlsCredentials;
  const { declared, observed } = await lookAtStack(await connectEngine(), settings, credentials);
  for (const warning of describeWarnings(declared)) warn(warning);
  const lines = describeChanges(declared, observed);
  console.log(lines.length === 0 ? "nothing to change" : lines.join("\n"));
});

await main(plan);
