import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { PROJECT, pulumiEnvironment } from "../../test/harness/pulumi.ts";
import { printTable, printTargets } from "../report.ts";
import { interleave, median, type Rounds, ratioOf, ratioTo, time } from "../samples.ts";

/** Commands that look at a stack, and how many seconds of processor each may take. */
const SMALL = ["status", "sessions", "runtime show info"] as const;
const SMALL_SECONDS = 0.5;

const execute = promisify(execFile);

/** Compares `npm start` with the update in it, and measures what the small commands take. */
export async function benchCommands(stack: string, state: string, rounds: Rounds): Promise<void> {
  const bash = async (line: string): Promise<string> => {
    const options = { cwd: PROJECT, env: pulumiEnvironment(state), signal: rounds.signal };
    return (await execute("bash", ["-ec", line], options)).stderr;
  };
  const start = () => time(() => bash(`npm start -- --stack ${stack}`));
  const up = () => time(() => bash(`npx pulumi up --yes --skip-preview --stack ${stack}`));
  await start();
  const [started = [], updated = []] = await interleave([start, up], rounds);
  const small = await interleave(
    SMALL.map((words) => async () => {
      // It counts what the command starts and waits for, too.
      const told = await bash(
        `TIMEFORMAT='%U %S'; time node bin/balancer.js ${words} --stack ${stack} >/dev/null`,
      );
      const [user = Number.NaN, system = Number.NaN] = (told.trim().split("\n").at(-1) ?? "")
        .split(" ")
        .map(Number);
      return user + system;
    }),
    rounds,
  );
  printTable(
    `Commands, with nothing to do: medians of ${rounds.count} rounds`,
    ["", "seconds", "seconds of processor"],
    [
      ["npm start", (median(started) / 1_000).toFixed(2), ""],
      ["npx pulumi up", (median(updated) / 1_000).toFixed(2), ""],
      ...SMALL.map((words, index) => [`npm run ${words}`, "", median(small[index] ?? []).toFixed(2)]),
    ],
  );
  printTargets([
    {
      text: "npm start / npx pulumi up",
      ratio: ratioOf(started, updated),
      limit: { kind: "at most", value: 1.2 },
    },
    ...SMALL.map((words, index) => ({
      text: `npm run ${words}: processor / ${SMALL_SECONDS} s`,
      ratio: ratioTo(small[index] ?? [], SMALL_SECONDS),
      limit: { kind: "at most", value: 1 } as const,
    })),
  ]);
}
