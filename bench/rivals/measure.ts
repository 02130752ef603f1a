import { get, Load } from "../../test/harness/load.ts";
import { EchoSocket } from "../../test/harness/sockets.ts";
import { until } from "../../test/harness/until.ts";
import { time } from "../samples.ts";
import type { Rival } from "./rival.ts";

/** What a change cost. */
export interface Cost {
  readonly ms: number;
  readonly sent: number;
  readonly failed: number;
  readonly closed: number;
}

/** A change that each rival makes in its own way, in this order. */
interface Change {
  readonly what: string;
  /** Made before, and not measured. */
  readonly before?: (rival: Rival) => Promise<void>;
  readonly make: (rival: Rival) => Promise<void>;
}

export const CHANGES = [
  { what: "3 → 6", make: (rival) => rival.scale(6) },
  { what: "6 → 2", make: (rival) => rival.scale(2) },
  {
    what: "a version, 3 copies",
    before: (rival) => rival.scale(3),
    make: (rival) => rival.deploy("second"),
  },
  // It is the last, as some do not serve afterwards.
  { what: "a bad version, 3 copies", make: (rival) => rival.deployBad() },
] as const satisfies readonly Change[];

export const SOCKETS = 6;
const CLIENTS = { clients: 6, pauseMs: 30 } as const;

/** Makes all changes of a rival, under a load of its own each. */
export async function measureChanges(rival: Rival, signal: AbortSignal): Promise<Cost[]> {
  const costs: Cost[] = [];
  try {
    await rival.start();
    for (const change of CHANGES) {
      signal.throwIfAborted();
      costs.push(await measure(rival, change));
    }
  } finally {
    await rival.remove();
  }
  return costs;
}

async function measure(rival: Rival, { before = async () => {}, make }: Change): Promise<Cost> {
  await before(rival);
  await until(async () => (await get(`${rival.url}/`)).status === 200);
  const sockets = await Promise.all(
    Array.from({ length: SOCKETS }, (_, index) => EchoSocket.open(rival.url, `socket-${index}`)),
  );
  const load = new Load(rival.url, CLIENTS);
  await load.settle();
  const ms = await time(() => make(rival));
  await load.settle();
  const { sent, failures } = await load.stop();
  const closed = sockets.filter(({ wasClosed }) => wasClosed).length;
  for (const socket of sockets) socket.end();
  return { ms, sent, failed: failures.length, closed };
}
