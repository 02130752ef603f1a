import { readPeers } from "../../src/haproxy/runtime/peers.ts";
import { readStickySessions } from "../../src/haproxy/runtime/stick-table.ts";
import type { RunningStack } from "./running-stack.ts";
import { until } from "./until.ts";

/** HAProxy tries a peer again after some seconds. */
const CONNECT_TIMEOUT_MS = 30_000;

/** Waits until each of the balancers shares its sessions with the others, as after a start or a reload. */
export async function untilPeersConnected(stack: RunningStack, balancers: readonly number[]): Promise<void> {
  await until(async () => {
    const peers = await Promise.all(balancers.map((n) => stack.ask(readPeers, n)));
    return peers.flat().every(({ isConnected }) => isConnected);
  }, CONNECT_TIMEOUT_MS);
}

/** Server of each session that the n-th balancer knows. Asked for a session, it would learn it. */
export async function readTable(stack: RunningStack, n: number): Promise<Map<string, string>> {
  const table = new Map<string, string>();
  using haproxy = stack.haproxyOf(n);
  for await (const { key, server } of readStickySessions(haproxy, [])) table.set(key, server);
  return table;
}
