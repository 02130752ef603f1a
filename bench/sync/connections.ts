import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Socket } from "node:net";

/** One connection that the measured code made. */
export interface Connection {
  readonly openedAtMs: number;
  /** When the last piece of the answers arrived; what the client makes of them comes after. */
  readonly answeredAtMs: number;
  readonly bytesSent: number;
  readonly bytesRead: number;
}

const CHANNEL = "net.client.socket";

/**
 * Watches the connections that `run` makes, from outside: Node tells of each, so the measured code needs no
 * hook and loses next to no time.
 */
export async function watchConnections(run: () => Promise<unknown>): Promise<Connection[]> {
  const sockets: { socket: Socket; openedAtMs: number; answeredAtMs: number }[] = [];
  const onSocket = (message: unknown): void => {
    if (
      typeof message !== "object" ||
      message === null ||
      !("socket" in message) ||
      !(message.socket instanceof Socket)
    )
      return;
    const { socket } = message;
    const entry = { socket, openedAtMs: performance.now(), answeredAtMs: Number.NaN };
    sockets.push(entry);
    socket.on("data", () => {
      entry.answeredAtMs = performance.now();
    });
  };
  subscribe(CHANNEL, onSocket);
  try {
    await run();
  } finally {
    unsubscribe(CHANNEL, onSocket);
  }
  return sockets.map(({ socket, ...times }) => ({
    ...times,
    bytesSent: socket.bytesWritten,
    bytesRead: socket.bytesRead,
  }));
}
