import { createConnection } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A client that is silent for so long has said all, and ends its side. */
const SILENCE_MS = 300;

/**
 * Sends bytes over a connection of their own, and waits until the other side has closed it.
 * @returns what came back, one byte a character
 */
export async function sendRaw(host: string, port: number, bytes: Buffer): Promise<string> {
  const socket = createConnection({ host, port });
  let received = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    received += chunk;
  });
  socket.on("error", () => {}); // a close follows
  socket.setTimeout(SILENCE_MS, () => socket.end());
  socket.write(bytes);
  await Promise.race([
    new Promise((resolve) => socket.once("close", resolve)), // `once` of node:events rejects on an error
    sleep(20_000, undefined, { ref: false }).then(() => {
      socket.destroy();
      throw new Error(
        `neither answered nor closed within 20 s: ${JSON.stringify(bytes.toString("latin1").slice(0, 200))}`,
      );
    }),
  ]);
  return received;
}

/** The status codes of the answers in a text. */
export const statusesOf = (received: string): number[] =>
  [...received.matchAll(/^HTTP\/1\.[01] (\d{3}) /gm)].map(([, status]) => Number(status));
