import { setTimeout as sleep } from "node:timers/promises";
import { get, mapSessions } from "../../test/harness/load.ts";
import { IdleSocket } from "../../test/harness/sockets.ts";
import type { Task } from "../../test/harness/swarm.ts";
import type { SwarmStack } from "../../test/harness/swarm-stack.ts";
import { until } from "../../test/harness/until.ts";
import { type Seen, type SessionPlace, underLoad } from "./clients.ts";
import { serverOf } from "./updates.ts";
import { Watch } from "./watch.ts";

const SESSIONS = Array.from({ length: 300 }, (_, index) => `session-${index}`);
/** The app takes so long for a slow answer. */
export const DELAY_S = 5;
/** Slow answers of each server through each balancer. */
const SLOW = 3;
/** They are on their servers then. */
const UNDER_WAY_MS = 1_000;

/** What the death of a machine cost. Times are from the kill; undefined is what did not happen. */
export interface Death {
  readonly servers: number;
  /** Of each of its servers: when all other balancers had it down, and up again. */
  readonly downMs: readonly (number | undefined)[];
  readonly upMs: readonly (number | undefined)[];
  /** When Swarm made another container of each, on a machine that lives. */
  readonly madeMs: readonly (number | undefined)[];
  /** Of each slow request that was on it: when another server had answered it. */
  readonly answeredMs: readonly (number | undefined)[];
  /** When each WebSocket on it that said nothing was closed. */
  readonly idleMs: readonly (number | undefined)[];
  /** What those saw who asked the balancers of the other machines. */
  readonly seen: Seen;
  /** Requests that began when its servers were down everywhere, and failed. */
  readonly failedLater: number;
}

/** Which machine dies. */
export interface DeathOptions {
  readonly victim: number;
  /** Servers of the stack. */
  readonly count: number;
  /** What has not come then is missing from the figures. */
  readonly longestMs: number;
}

/** Kills a machine under load through all others, and waits until its servers are up again. */
export async function measureDeath(stack: SwarmStack, options: DeathOptions): Promise<Death> {
  const { victim, count, longestMs } = options;
  const { others, urls, dying, staying, sessionsOn } = await lookAround(stack, options);
  const onEach = (tasks: readonly Task[], most: number) =>
    urls.flatMap((url) =>
      tasks.flatMap((task) => sessionsOn(task, most).map((session) => ({ url, session }))),
    );
  const watch = new Watch(stack, others);
  const idle = await Promise.all(onEach(dying, 1).map(({ url, session }) => IdleSocket.open(url, session)));
  let killedAt = Number.POSITIVE_INFINITY;
  let answers: readonly (number | undefined)[] = [];
  const timesOf = (task: Task) => {
    const down = watch.everywhere(serverOf(task), killedAt, ({ isUp }) => !isUp);
    const up = down && watch.everywhere(serverOf(task), down, ({ isServing }) => isServing);
    return { down, up };
  };
  const seen = await underLoad(urls, onEach(staying, 1), async () => {
    const slow = onEach(dying, SLOW).map(answeredAt);
    await sleep(UNDER_WAY_MS);
    killedAt = Date.now();
    await stack.machines.kill(victim);
    const areUp = async (): Promise<boolean> => dying.every((task) => timesOf(task).up !== undefined);
    await until(areUp, longestMs).catch(() => {});
    answers = await Promise.all(slow);
  });
  await watch.stop();
  for (const socket of idle) socket.end();
  const since = (at: number | undefined): number | undefined => (at === undefined ? at : at - killedAt);
  const times = dying.map(timesOf);
  const lastDown = Math.max(...times.map(({ down = Number.POSITIVE_INFINITY }) => down));
  const made = (await stack.tasks(count)).filter(({ createdAt }) => createdAt > killedAt);
  return {
    servers: dying.length,
    downMs: times.map(({ down }) => since(down)),
    upMs: times.map(({ up }) => since(up)),
    madeMs: dying.map(({ service }) => since(made.find((task) => task.service === service)?.createdAt)),
    answeredMs: answers.map(since),
    idleMs: idle.map(({ closedAt }) => since(closedAt)),
    seen,
    failedLater: seen.failures.filter(({ sentAt }) => sentAt >= lastDown).length,
  };
}

/** What is on the machine and elsewhere, and sessions of each server. Apps tell the names of containers. */
async function lookAround(stack: SwarmStack, { victim, count }: DeathOptions) {
  const others = stack.machines.numbers.filter((n) => n !== victim);
  const tasks = await stack.tasks(count);
  const { dying = [], staying = [] } = Object.groupBy(tasks, ({ machine }) =>
    machine === victim ? "dying" : "staying",
  );
  if (dying.length === 0 || staying.length === 0)
    throw new Error(`machine ${victim} has ${dying.length} of ${tasks.length} servers`);
  const urls = others.map((n) => stack.urlOf(n));
  const hosts = await mapSessions(urls[0] ?? "", SESSIONS);
  const sessionsOn = ({ containerId = "", service }: Task, most: number): readonly string[] => {
    const found = SESSIONS.filter((session) => containerId.startsWith(hosts.get(session) ?? "nobody"));
    if (found.length < most) throw new Error(`${found.length} of ${SESSIONS.length} sessions on ${service}`);
    return found.slice(0, most);
  };
  return { others, urls, dying, staying, sessionsOn };
}

/** When a slow request of a session was answered well; undefined if it was not. */
async function answeredAt({ url, session }: SessionPlace): Promise<number | undefined> {
  const answer = get(`${url}/delay/${DELAY_S}`, { "X-Session-ID": session });
  const { status } = await answer.catch(() => ({ status: undefined }));
  return status === 200 ? Date.now() : undefined;
}
