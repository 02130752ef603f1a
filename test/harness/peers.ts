import { readPeers } from "../../src/haproxy/runtime/peers.ts";
import type { RunningStack } from "./running-stack.ts";
import { until } from "./until.ts";

/** HAProxy tries a peer again after some seconds. */
const CONNECT_TIMEOUT_MS = 30_000;

/** Waits until each of the balancers shares its sessions with the others, as after a start or a reload. */
export async function untilPeersConnected(stack: RunningStack, balancers: readonly number[]): Promise<void> {
  await until(async () => {
    const peers = await Promise.all(balancers.map((n) => readPeers(stack.haproxyOf(n))));
    return peers.flat().every(({ isConnected }) => isConnected);
  }, CONNECT_TIMEOUT_MS);
}
