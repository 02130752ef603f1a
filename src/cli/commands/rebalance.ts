import type { Command } from "commander";
import { REBALANCE_VARIABLE } from "../../stack/config-keys.ts";
import type { Caller } from "../caller.ts";
import { type AppOptions, createAppCommand } from "../command-line.ts";
import { runPulumi } from "../pulumi-cli.ts";
import { nameIn, readApp } from "../running-app.ts";
import { readSettings } from "../stack-config.ts";

export const buildRebalance = (caller: Caller): Command =>
  createAppCommand(
    "rebalance",
    "Moves servers from machines of a Swarm that have two more than another, one by one as in a roll-out",
  ).action(async (options: AppOptions) => {
    const { swarm, title } = await lookAt(caller, options);
    if (swarm === undefined) throw new Error(`${title} is on one Docker engine (engine docker)`);
    const moving = { ...caller, env: { ...caller.env, [REBALANCE_VARIABLE]: "true" } };
    const place = options.stack === undefined ? [] : ["--stack", options.stack];
    await runPulumi(moving, ["up", "--yes", "--skip-preview", ...place]);
  });

/** A stack of Balancer's own program need not be up, since its config tells. */
async function lookAt(caller: Caller, { stack, app }: AppOptions) {
  const own = app === undefined ? nameIn({ stack }) : undefined;
  if (own !== undefined && stack !== undefined)
    return { swarm: (await readSettings(caller, stack)).swarm, title: own.title };
  const { outputs, title } = await readApp(caller, { stack, app });
  return { swarm: outputs.swarm, title };
}
