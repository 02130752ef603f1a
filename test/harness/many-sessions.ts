import type { Haproxy } from "../../src/haproxy/runtime/client.ts";
import { command } from "../../src/haproxy/runtime/command.ts";

/** Has a HAProxy in sticky mode remember so many sessions, on its first three servers in turn. */
export async function rememberMany(haproxy: Haproxy, count: number): Promise<void> {
  const commands = Array.from({ length: count }, (_, n) =>
    command(`set table ${haproxy.backend} key many-${n} data.server_id ${(n % 3) + 1}`),
  );
  await haproxy.run(commands);
}
