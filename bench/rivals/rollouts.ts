import { docker } from "../../test/harness/running-stack.ts";
import { until } from "../../test/harness/until.ts";
import { formatMs, printTable, printTargets, type Target } from "../report.ts";
import { type Rounds, ratioOf, time } from "../samples.ts";
import { BenchedStack } from "./balancer.ts";
import { environmentOf, LABELS, NAME, removeAll, SECONDS, type Version } from "./rival.ts";

const COUNT = 10;
const BATCHES = ["1", "25%"] as const;
/** A first drain shall begin so long after an update with nothing to do would have ended. */
const FIRST_MS = 3_000;

interface Round {
  readonly nothingMs: number;
  /** What Docker takes to stop, create and start as many containers, one after the other. */
  readonly ownMs: number;
  readonly rollouts: readonly { readonly wholeMs: number; readonly firstMs: number }[];
}

/** Rolls a version out to ten containers that nobody uses, next to what Docker itself takes for them. */
export async function benchRollouts({ count, signal }: Rounds): Promise<void> {
  const config = { count: COUNT, drainTimeout: `${SECONDS.drain}s`, "app.env": environmentOf("first") };
  const stack = await BenchedStack.make({ name: NAME, config });
  const rounds: Round[] = [];
  try {
    await stack.up();
    for (let round = 0; round < count; round++) {
      signal.throwIfAborted();
      rounds.push(await measureRound(stack));
    }
  } finally {
    await stack.dispose();
    await removeAll();
  }
  print(rounds);
}

async function measureRound(stack: BenchedStack): Promise<Round> {
  const nothingMs = await time(() => stack.up());
  const ownMs = await dockersOwn(stack);
  const rollouts = [];
  for (const [index, batch] of BATCHES.entries())
    rollouts.push(await rollOut(stack, batch, index % 2 === 0 ? "second" : "first"));
  return { nothingMs, ownMs, rollouts };
}

async function rollOut(stack: BenchedStack, batch: string, version: Version) {
  const start = performance.now();
  const changes = { "app.env": environmentOf(version), "rollout.batch": batch };
  const updated = stack.up(changes).then(() => performance.now() - start);
  const isServing = async (): Promise<boolean> => {
    const servers = [...(await stack.servers()).values()].filter(({ name }) => /^s\d+$/.test(name));
    return servers.length === COUNT && servers.every(({ adminState }) => adminState === "ready");
  };
  await Promise.race([until(async () => !(await isServing()), 60_000, 20), updated]);
  const firstMs = performance.now() - start;
  return { wholeMs: await updated, firstMs };
}

/** Makes containers as those of the stack, which nobody asks, and replaces each as a roll-out must. */
async function dockersOwn(stack: BenchedStack): Promise<number> {
  let ms = 0;
  for (let n = 1; n <= COUNT; n++) {
    const { Config, HostConfig } = await docker.getContainer(`${stack.name}-podinfo${n}`).inspect();
    const { Image, Cmd, Env } = Config;
    const options = { Image, Cmd, Env, HostConfig, Labels: LABELS };
    const before = await docker.createContainer(options);
    await before.start();
    ms += await time(async () => {
      await before.stop();
      const after = await docker.createContainer(options);
      await after.start();
    });
    await removeAll();
  }
  return ms;
}

function print(rounds: readonly Round[]): void {
  const nothing = rounds.map(({ nothingMs }) => nothingMs);
  const own = rounds.map(({ ownMs }) => ownMs);
  const of = (index: number, key: "wholeMs" | "firstMs"): number[] =>
    rounds.map(({ rollouts }) => rollouts[index]?.[key] ?? Number.NaN);
  printTable(
    `A version for ${COUNT} containers that nobody uses: medians of ${rounds.length} rounds in ms`,
    ["rollout.batch", "nothing to do", "Docker alone", "whole update", "until the first drain"],
    BATCHES.map((batch, index) => [
      batch,
      formatMs(nothing),
      formatMs(own),
      formatMs(of(index, "wholeMs")),
      formatMs(of(index, "firstMs")),
    ]),
  );
  printTargets(
    BATCHES.flatMap((batch, index): Target[] => [
      {
        text: `rollout.batch ${batch}: (whole update - nothing to do) / Docker alone`,
        ratio: ratioOf(
          of(index, "wholeMs").map((ms, round) => ms - (nothing[round] ?? Number.NaN)),
          own,
        ),
        limit: { kind: "at most", value: 1.3 },
      },
      {
        text: `rollout.batch ${batch}: until the first drain / (nothing to do and ${FIRST_MS / 1_000} s)`,
        ratio: ratioOf(
          of(index, "firstMs"),
          nothing.map((ms) => ms + FIRST_MS),
        ),
        limit: { kind: "at most", value: 1 },
      },
    ]),
  );
}
