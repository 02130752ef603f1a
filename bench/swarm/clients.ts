import type { Failure } from "../../test/harness/load.ts";
import { EchoSocket } from "../../test/harness/sockets.ts";
import { LoadOfEach } from "../../test/harness/swarm-stack.ts";

/** A session through a balancer. */
export interface SessionPlace {
  readonly url: string;
  readonly session: string;
}

/** What clients saw of a change. */
export interface Seen {
  readonly sent: number;
  readonly failures: readonly Failure[];
  readonly sockets: number;
  readonly closed: number;
}

/** Two sessions through each balancer. */
export const twoOfEach = (urls: readonly string[]): SessionPlace[] =>
  urls.flatMap((url, index) => [1, 2].map((n) => ({ url, session: `socket-${index}-${n}` })));

/**
 * Makes a change while four clients of each balancer ask it, and a WebSocket of each place is in use. Tells
 * what they saw.
 */
export async function underLoad(
  urls: readonly string[],
  places: readonly SessionPlace[],
  change: () => Promise<unknown>,
): Promise<Seen> {
  const sockets = await Promise.all(places.map(({ url, session }) => EchoSocket.open(url, session)));
  const load = new LoadOfEach(urls);
  await load.settle();
  await change();
  await load.settle();
  const { sent, failures } = await load.stop();
  const closed = sockets.filter(({ wasClosed }) => wasClosed).length;
  for (const socket of sockets) socket.end();
  return { sent, failures, sockets: sockets.length, closed };
}
