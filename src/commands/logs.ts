import { InvalidArgumentError } from "commander";
import pc from "picocolors";
import { connectEngine } from "../engine/connection.ts";
import { readStackLogs } from "../engine/log-stream.ts";
import { createCommand, main } from "./command-line.ts";

const COLOURS = [pc.cyan, pc.green, pc.magenta, pc.blue, pc.yellow, pc.white] as const;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

const logs = createCommand("logs", "Follows HAProxy and all app containers, each line with its container's name; interrupt it to end")
  .option("--since <time>", "only lines of the last time, such as 30s, 10m or 2h", seconds)
  .option("--no-follow", "print what there is, and end")
  .action(async ({ stack, since, follow }: { stack: string; since?: number; follow: boolean }) => {
    const controller = new AbortController();
    process.once("SIGINT", () => controller.abort());
    const sinceSeconds = since === undefined ? 0 : Math.floor(Date.now() / 1000) - since;
    const colours = new Map<string, (text: string) => string>();
    await readStackLogs(await connectEngine(), stack, { sinceSeconds, isFollowing: follow, signal: controller.signal }, (container, line) => {
      const colour = colours.get(container) ?? COLOURS[colours.size % COLOURS.length] ?? pc.white;
      colours.set(container, colour);
      console.log(`${colour(container)} | ${line}`);
    });
  });

function seconds(text: string): number {
  const [, number, unit = "s"] = /^(\d{1,6})([smh]?)$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError("a time such as 30s, 10m or 2h");
  return Number(number) * (UNIT_SECONDS[unit || "s"] ?? 1);
}

await main(logs);
