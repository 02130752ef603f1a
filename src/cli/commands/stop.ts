import type { Command } from "commander";
import type { Caller } from "../caller.ts";
import { createCommand, type StackOptions } from "../command-line.ts";
import { runPulumi } from "../pulumi-cli.ts";

export const buildStop = (caller: Caller): Command =>
  createCommand("stop", "Destroys a stack: its containers, network and volumes").action(
    ({ stack }: StackOptions) => runPulumi(caller, ["destroy", "--yes", "--skip-preview", "--stack", stack]),
  );
