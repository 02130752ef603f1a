import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import type { Endpoint } from "../../src/stack/endpoint.ts";

/** Process id of the worker that serves. A reload or a restart changes it. */
export async function workerPid(endpoint: Endpoint): Promise<string | undefined> {
  const info = await runRaw(endpoint, command("show info"));
  const start = /^Start_time_sec: (\d+)$/m.exec(info)?.[1];
  const pid = /^Pid: (\d+)$/m.exec(info)?.[1];
  return pid === undefined || start === undefined ? undefined : `${pid} since ${start}`;
}
