import { createConnection } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A client that is silent for so long has said all, and ends its side. */
const SILENCE_MS = 300;

const LIMIT_MS = 20_000;
/** More than HAProxy's `timeout client`. */
const PATIENT_LIMIT_MS = 40_000;

/**
 * Sends bytes over a connection of their own, and waits until the other side has closed it.
 * @param isPatient waits for as long as HAProxy gives a client, and leaves when an answer comes
 * @returns what came back, one byte a character
 */
export async function sendRaw(host: string, port: number, bytes: Buffer, isPatient = false): Promise<string> {
  const limitMs = isPatient ? PATIENT_LIMIT_MS : LIMIT_MS;
  const socket = createConnection({ host, port });
  let received = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    received += chunk;
    if (isPatient) socket.destroy();
  });
  socket.on("error", () => {}); // a close follows
  socket.setTimeout(SILENCE_MS, () => socket.end());
  socket.write(bytes);
  await Promise.race([
    new Promise((resolve) => socket.once("close", resolve)), // `once` of node:events rejects on an error
    sleep(limitMs, undefined, { ref: false }).then(() => {
      socket.destroy();
      const sent = JSON.stringify(bytes.toString("latin1").slice(0, 200));
      throw new Error(`neither answered nor closed within ${limitMs / 1000} s: ${sent}`);
    }),
  ]);
  return received;
}

/** The status codes of the answers in a text. */
export const statusesOf = (received: string): number[] =>
  [...received.matchAll(/^HTTP\/1\.[01] (\d{3}) /gm)].map(([, status]) => Number(status));
