import { poll, systemClock } from "../../stack/clock.ts";
import { describeCheck, type HealthCheck, passes } from "../../stack/health-check.ts";
import type { Server } from "../../stack/topology.ts";
import { trialArguments, trialName } from "../file/server-line.ts";
import { readServers, readStats } from "../runtime/running-state.ts";
import { ReloadRefusedError } from "../runtime/runtime-error.ts";
import { describeServers, notUpWithin, placeOf } from "./prove.ts";
import type { Report } from "./report.ts";
import { removeServers } from "./retire.ts";
import { PROGRESS, secondsLeft, type Target } from "./target.ts";
import type { Trial } from "./update-plan.ts";

const POLL_MS = 50;
/** A container in rotation that refuses a path for so long, ten checks, does not know it. */
const REFUSED_AFTER_MS = 1_000;

/**
 * Has HAProxy try another check on containers that it has in rotation, on servers of its own for each, which
 * get no request.
 * @throws {ReloadRefusedError} naming those that do not pass, with their answers
 */
export async function tryCheck(target: Target, trial: Trial, report: Report): Promise<void> {
  const { checkWith, add } = target.haproxy.steps;
  const names = trial.servers.map(trialName);
  const clear = (): Promise<void> => removeServers(target, names, report);
  await clear(); // of an update that was killed
  try {
    const running = new Map((await readServers(target.haproxy)).map((each) => [each.name, each.address]));
    await target.haproxy.runSteps(
      trial.servers.flatMap((server) => [
        ...checkWith(trialName(server), trial.check),
        // A server that is added at run time follows no name.
        ...add(
          trialName(server),
          trialArguments(server, server.isSlot === true ? running.get(server.name) : server.address),
        ),
      ]),
    );
    await judge(target, trial, report);
  } finally {
    await clear();
  }
}

async function judge(target: Target, { servers, check }: Trial, report: Report): Promise<void> {
  const { haproxy, readyTimeoutMs: timeoutMs, clock } = target;
  const what = describeCheck(check);
  const tell = ({ waiting }: Answers, leftMs: number): void =>
    report(
      `tries ${what} on ${waiting.map(({ name }) => name).join(" ")}, ${secondsLeft(leftMs)} left`,
      "progress",
    );
  const until = ({ waiting, isRefused }: Answers): boolean => waiting.length === 0 || isRefused;
  const progress = { ...PROGRESS, tell };
  const { waiting, answers, isRefused } = await poll(answersOf(target, servers, check), {
    ...{ until, everyMs: POLL_MS, timeoutMs, clock, progress },
  });
  if (waiting.length === 0) return report(`${what} tried: ${servers.map(({ name }) => name).join(" ")} pass`);
  if (isRefused) {
    const lines = waiting.flatMap((server) => {
      const answer = answers.get(server.name);
      return answer === undefined ? [] : [`${placeOf(server)} answers ${answer.code} for ${check.path}`];
    });
    throw new ReloadRefusedError(`${what}: ${lines.join("; ")}`);
  }
  const words = await describeServers(haproxy, waiting.map(trialName));
  const lines = waiting.map((server) => `${placeOf(server)}: ${words.get(trialName(server))}`);
  throw new ReloadRefusedError(`${what}: ${notUpWithin(timeoutMs)}: ${lines.join("; ")}`);
}

/** What is known of a trial. */
interface Answers {
  /** These have not passed. */
  readonly waiting: readonly Server[];
  /** The refusals of those that give some, by server: since when it is always the same. */
  readonly answers: ReadonlyMap<string, { readonly code: number; readonly sinceMs: number }>;
  /** Whether there is nothing to wait for any more. */
  readonly isRefused: boolean;
}

/** Looks at the servers of a trial. One look builds on those before it. */
function answersOf(
  { haproxy, clock = systemClock }: Target,
  servers: readonly Server[],
  check: HealthCheck,
): () => Promise<Answers> {
  const passed = new Set<string>();
  const answers = new Map<string, { readonly code: number; readonly sinceMs: number }>();
  return async () => {
    const stats = new Map((await readStats(haproxy)).map((each) => [each.name, each]));
    const nowMs = clock.now();
    for (const server of servers) {
      const { name } = server;
      const { checkCode: code } = stats.get(trialName(server)) ?? {};
      // HAProxy goes by what the running config takes for ready. While a check is under way it tells no code.
      if (code !== undefined && passes(check, code)) passed.add(name);
      else if (code !== undefined && answers.get(name)?.code !== code)
        answers.set(name, { code, sinceMs: nowMs });
    }
    const waiting = servers.filter(({ name }) => !passed.has(name));
    const isRefused = waiting.some(({ name }) => {
      const { code = 0, sinceMs = nowMs } = answers.get(name) ?? {};
      return isFinal(code, check) && nowMs - sinceMs >= REFUSED_AFTER_MS;
    });
    return { waiting, answers, isRefused };
  };
}

/** Whether an app that answers so will not answer otherwise in a while: not when it is busy, or not ready. */
const isFinal = (code: number, check: HealthCheck): boolean =>
  !passes(check, code) && code >= 100 && code < 500 && ![408, 425, 429].includes(code);
