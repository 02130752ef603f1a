import { command } from "../../src/haproxy/runtime/command.ts";
import { runBatch } from "../../src/haproxy/runtime/connection.ts";
import type { Endpoint } from "../../src/stack/endpoint.ts";

/** Has a HAProxy in sticky mode remember so many sessions, on its first three servers in turn. */
export async function rememberMany(endpoint: Endpoint, count: number): Promise<void> {
  const commands = Array.from({ length: count }, (_, n) =>
    command(`set table webservers key many-${n} data.server_id ${(n % 3) + 1}`),
  );
  await runBatch(endpoint, commands);
}
