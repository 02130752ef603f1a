import type { Command } from "commander";
import { connectEngine } from "../../docker/engine.ts";
import { describeChanges, describeWarnings } from "../../preview/changes.ts";
import { lookAtStack } from "../../preview/situation.ts";
import { connectSwarm } from "../../swarm/machines.ts";
import { type Caller, print } from "../caller.ts";
import { createCommand, type StackOptions, warn } from "../command-line.ts";
import { readSettings } from "../stack-config.ts";
import { readOutputs } from "../stack-outputs.ts";

export const buildPlan = (caller: Caller): Command =>
  createCommand("plan", "Tells which way each change of a stack will go, without changing anything").action(
    async ({ stack }: StackOptions) => {
      const settings = await readSettings(caller, stack);
      const credentials =
        settings.runtimeTls &&
        (await readOutputs(caller, stack).catch(() => undefined))?.runtimeTlsCredentials;
      const place =
        settings.swarm === undefined ? { docker: await connectEngine() } : await connectSwarm(settings.swarm);
      const { declared, observed } = await lookAtStack(place, settings, credentials);
      for (const warning of describeWarnings(declared)) warn(caller, warning);
      const lines = describeChanges(declared, observed);
      print(caller, lines.length === 0 ? "nothing to change" : lines.join("\n"));
    },
  );
