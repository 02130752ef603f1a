import { InvalidArgumentError } from "commander";
import { connectEngine } from "../engine/connection.ts";
import { countContainers, readStackLogs } from "../engine/log-stream.ts";
import { coloursOf, isTerminal, showControls } from "../terminal.ts";
import { createCommand, main } from "./command-line.ts";

const { cyan, green, magenta, blue, yellow, white } = coloursOf(process.stdout);
const COLOURS = [cyan, green, magenta, blue, yellow, white] as const;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

const logs = createCommand("logs", "Follows HAProxy and all app containers, each line with its container's name; interrupt it to end")
  .option("--since <time>", "only lines of the last time, such as 30s, 10m or 2h", seconds)
  .option("--no-follow", "print what there is, and end")
  .addHelpText("after", "\nOn a terminal control characters are shown as \\x1b, so that no log line drives it.")
  .action(async ({ stack, since, follow }: { stack: string; since?: number; follow: boolean }) => {
    const controller = new AbortController();
    process.on("SIGINT", () => controller.abort()); // npm passes an interrupt of the terminal on, so that two come
    const docker = await connectEngine();
    if ((await countContainers(docker, stack)) === 0) {
      if (!follow) throw new Error(`stack ${stack} has no containers; start it with: npm start -- --stack ${stack}`);
      console.error(`stack ${stack} has no containers yet; their lines follow when it starts`);
    }
    const sinceSeconds = since === undefined ? 0 : Math.floor(Date.now() / 1000) - since;
    const colours = new Map<string, (text: string) => string>();
    await readStackLogs(docker, stack, { sinceSeconds, isFollowing: follow, signal: controller.signal }, (container, line) => {
      const colour = colours.get(container) ?? COLOURS[colours.size % COLOURS.length] ?? white;
      colours.set(container, colour);
      console.log(`${colour(container)} | ${isTerminal(process.stdout) ? showControls(line) : line}`);
    });
  });

function seconds(text: string): number {
  const [, number, unit = "s"] = /^(\d{1,6})([smh]?)$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError("a time such as 30s, 10m or 2h");
  return Number(number) * (UNIT_SECONDS[unit || "s"] ?? 1);
}

await main(logs);
