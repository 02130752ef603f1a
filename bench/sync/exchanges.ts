import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Socket } from "node:net";

/** One line that the measured code sent, and the answers to it. */
export interface Exchange {
  readonly askedAtMs: number;
  /** The last piece of the answers arrived at this time, before the client made anything of it. */
  readonly answeredAtMs: number;
  readonly bytesSent: number;
  readonly bytesRead: number;
}

const CHANNEL = "net.client.socket";

/**
 * Watches the lines that `run` sends over its connections. Node tells of each connection, so the measured
 * code needs no hook and loses next to no time.
 */
export async function watchExchanges(run: () => Promise<unknown>): Promise<Exchange[]> {
  const exchanges: { askedAtMs: number; answeredAtMs: number; bytesSent: number; bytesRead: number }[] = [];
  const onSocket = (message: unknown): void => {
    if (
      typeof message !== "object" ||
      message === null ||
      !("socket" in message) ||
      !(message.socket instanceof Socket)
    )
      return;
    const { socket } = message;
    // Node puts its own `write` back while it connects.
    socket.once("connect", () => {
      const write = socket.write.bind(socket);
      socket.write = (text: string | Uint8Array) => {
        const now = performance.now();
        const bytesSent = Buffer.byteLength(text);
        exchanges.push({ askedAtMs: now, answeredAtMs: now, bytesSent, bytesRead: 0 });
        return write(text);
      };
    });
    socket.on("data", (text: string) => {
      const latest = exchanges.at(-1);
      if (latest === undefined) return;
      latest.answeredAtMs = performance.now();
      latest.bytesRead += Buffer.byteLength(text);
    });
  };
  subscribe(CHANNEL, onSocket);
  try {
    await run();
  } finally {
    unsubscribe(CHANNEL, onSocket);
  }
  return exchanges;
}
