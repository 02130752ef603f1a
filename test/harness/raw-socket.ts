import { once } from "node:events";
import { connect } from "node:net";

/**
 * Sends bytes and returns all that comes until the other side ends; with `isHalfClosed` it ends its own side
 * at once.
 */
export async function exchange(port: number, bytes: Buffer | string, isHalfClosed = false): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket
    .on("data", (chunk: Buffer) => chunks.push(chunk))
    .setTimeout(5_000, () => socket.destroy(new Error("nothing came for 5 s")));
  if (isHalfClosed) socket.end(bytes);
  else socket.write(bytes);
  await once(socket, "end");
  socket.destroy();
  return Buffer.concat(chunks).toString("latin1");
}

/** A request with any bytes as its session id, which Node's own client would refuse. */
export const requestWithId = (id: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(
      "GET /version HTTP/1.1\r\nHost: balancer\r\nConnection: close\r\nX-Balancer-Probe: 1\r\nX-Session-ID: ",
    ),
    id,
    Buffer.from("\r\n\r\n"),
  ]);

/** The server that answered, where the request asked for it. */
export const serverIn = (response: string): string | undefined =>
  /^x-balancer-server: (\S+)\r$/im.exec(response)?.[1];

/** The server to which the HAProxy behind a port sends a session. */
export const serverFor = async (port: number, id: string): Promise<string | undefined> =>
  serverIn(await exchange(port, requestWithId(Buffer.from(id))));
