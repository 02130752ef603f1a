import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { buildConnector } from "undici";

/** These words of the PROXY protocol leave a connection's address as it is. */
const OWN_CONNECTION = "PROXY UNKNOWN\r\n";

type Place = Readonly<Record<"protocol" | "hostname" | "port", string>>;

/** Connects to a balancer that takes no connection without the PROXY protocol. */
export function connectByProxyProtocol({ protocol, hostname, port }: Place, timeoutMs: number): Socket {
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write(OWN_CONNECTION);
  const secured = protocol === "https:" ? connectTls({ socket, rejectUnauthorized: false }) : socket;
  const late = setTimeout(
    () => secured.destroy(new Error(`no connection within ${timeoutMs} ms`)),
    timeoutMs,
  );
  secured.once(openingOf(protocol), () => clearTimeout(late)).once("close", () => clearTimeout(late));
  return secured;
}

/** The same, for a pool of connections. */
export const poolByProxyProtocol =
  (timeoutMs: number): buildConnector.connector =>
  (place, callback) => {
    const socket = connectByProxyProtocol(place, timeoutMs);
    const fail = (error: Error): void => callback(error, null);
    socket.once("error", fail).once(openingOf(place.protocol), () => {
      socket.off("error", fail);
      callback(null, socket);
    });
  };

const openingOf = (protocol: string): string => (protocol === "https:" ? "secureConnect" : "connect");
