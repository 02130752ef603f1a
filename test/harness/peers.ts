import { readStickySessions } from "../../src/haproxy/runtime/stick-table.ts";
import type { RunningStack } from "./running-stack.ts";

/** Server of each session that the n-th balancer knows. Asked for a session, it would learn it. */
export async function readTable(stack: RunningStack, n: number): Promise<Map<string, string>> {
  const table = new Map<string, string>();
  using haproxy = stack.haproxyOf(n);
  for await (const { key, server } of readStickySessions(haproxy, [])) table.set(key, server);
  return table;
}
