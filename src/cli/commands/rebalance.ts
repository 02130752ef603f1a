import type { Command } from "commander";
import { REBALANCE_VARIABLE } from "../../stack/config-keys.ts";
import type { Caller } from "../caller.ts";
import { createCommand, type StackOptions } from "../command-line.ts";
import { runPulumi } from "../pulumi-cli.ts";
import { readSettings } from "../stack-config.ts";

export const buildRebalance = (caller: Caller): Command =>
  createCommand(
    "rebalance",
    "Moves servers from machines of a Swarm that have two more than another, one by one as in a roll-out",
  ).action(async ({ stack }: StackOptions) => {
    const { swarm } = await readSettings(caller, stack);
    if (swarm === undefined) throw new Error(`stack ${stack} is on one Docker engine (engine docker)`);
    const moving = { ...caller, env: { ...caller.env, [REBALANCE_VARIABLE]: "true" } };
    await runPulumi(moving, ["up", "--yes", "--skip-preview", "--stack", stack]);
  });
