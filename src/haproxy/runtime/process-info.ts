import type { Haproxy } from "./client.ts";
import { COMMANDS } from "./command.ts";
import { runRaw } from "./connection.ts";
import { malformed, RuntimeError } from "./runtime-error.ts";

/** What a HAProxy tells about itself. */
export type ProcessInfo = Readonly<ReturnType<typeof parseProcessInfo>>;

/**
 * Asks the worker and the master process.
 * @throws {RuntimeError}
 */
export async function readProcessInfo(haproxy: Haproxy): Promise<ProcessInfo> {
  const [info, processes] = await Promise.all([
    haproxy.ask(COMMANDS.showInfo()),
    runRaw(haproxy.endpoint, COMMANDS.masterShowProc()),
  ]);
  return parseProcessInfo(info, processes);
}

const NUMBER = "\\d{1,15}";

/**
 * Reads the answers of `show info` and of the master's `show proc`.
 * @throws {RuntimeError} of kind `malformed`
 */
export function parseProcessInfo(info: string, processes: string) {
  const value = (name: string, shape: string): string => {
    const found = new RegExp(`^${name}: (${shape})$`, "m").exec(info)?.[1];
    if (found === undefined)
      throw new RuntimeError("malformed", `HAProxy answered "show info" without ${name}`);
    return found;
  };
  const master = /^\d+\s+master\s+(\d{1,15}) \[failed: (\d{1,15})\]/m.exec(processes);
  if (master === null) throw malformed("show proc", processes);
  return {
    version: value("Version", "[!-~]{1,64}"),
    /** Process id of the worker that serves. */
    pid: Number(value("Pid", NUMBER)),
    /** Of that worker, since its start or the last reload. */
    uptimeSeconds: Number(value("Uptime_sec", NUMBER)),
    /** Reloads since the container started; failed ones apart. */
    reloads: Number(master[1]),
    failedReloads: Number(master[2]),
    /** Lines of the access log that were dropped: another thread wrote, or nobody read fast enough. */
    droppedLogLines: Number(value("DroppedLogs", NUMBER)),
    /** Workers of before a reload that still end their sessions. */
    oldWorkers: parseOldWorkers(processes).length,
  };
}

/** Reads the process ids of workers of before a reload, which still end their sessions, from `show proc`. */
export function parseOldWorkers(processes: string): number[] {
  const [, old = ""] = processes.split("# old workers");
  return Array.from(old.matchAll(/^(\d{1,7})\s+worker/gm), ([, pid]) => Number(pid));
}
