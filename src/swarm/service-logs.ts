import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Engine } from "../docker/engine.ts";
import { dockerWords, EngineError, hasStatus } from "../docker/engine-error.ts";
import { ROLE_LABEL, STACK_LABEL } from "../docker/labels.ts";
import type { LogReading } from "../docker/log-stream.ts";
import { demultiplex } from "../docker/multiplexed.ts";
import { listServices } from "./swarm-replies.ts";

/** Services that start later are found within this time. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Reads the logs of a stack's services, by a manager, wherever their tasks are. It ends when all are read, or
 * on the signal when it follows.
 * @throws {EngineError} The manager does not list its services.
 */
export async function readServiceLogs(manager: Engine, stack: string, reading: LogReading): Promise<void> {
  const { isFollowing, signal, onFailure } = reading;
  const logs = new Map<string, Promise<void>>();
  do {
    for (const { id, name } of await listApps(manager, stack, signal)) {
      if (logs.has(id)) continue;
      const log = readLines(manager, id, name, reading).catch((error: unknown) => {
        if (!signal.aborted && !hasStatus(error, 404)) onFailure(name, dockerWords(error));
      });
      logs.set(id, log);
    }
    if (isFollowing) await sleep(LOOK_AGAIN_MS, undefined, { signal }).catch(() => {});
  } while (isFollowing && !signal.aborted);
  await Promise.all(logs.values());
}

/** Counts the services of a stack's app containers. */
export const countServices = async (manager: Engine, stack: string): Promise<number> =>
  (await listApps(manager, stack)).length;

async function listApps(manager: Engine, stack: string, signal?: AbortSignal) {
  try {
    const label = [`${STACK_LABEL}=${stack}`, `${ROLE_LABEL}=app`];
    return (await listServices(manager, { label })).map(({ ID: id, Spec: { Name: name } }) => ({ id, name }));
  } catch (cause) {
    if (signal?.aborted === true) return [];
    const what = `the manager does not tell which services run: ${dockerWords(cause)}`;
    throw new EngineError(what, { cause });
  }
}

async function readLines(
  manager: Engine,
  id: string,
  name: string,
  { sinceSeconds, isFollowing: follow, signal, onLine }: LogReading,
): Promise<void> {
  const options = { stdout: true, stderr: true, since: sinceSeconds, follow, abortSignal: signal };
  const log: unknown = await manager.getService(id).logs(options);
  const lines = new PassThrough();
  if (Buffer.isBuffer(log)) {
    for (const part of demultiplex(log)) lines.write(part);
    lines.end();
  } else if (isStream(log)) {
    manager.modem.demuxStream(log, lines, lines);
    log.on("end", () => lines.end()).on("error", (error) => lines.destroy(error));
  } else {
    lines.end();
  }
  for await (const line of createInterface({ input: lines })) onLine(name, line);
}

const isStream = (log: unknown): log is NodeJS.ReadableStream =>
  typeof log === "object" && log !== null && "pipe" in log;
