import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Endpoint, formatEndpoint, RUNTIME_SERVER_NAME } from "../../stack/endpoint.ts";
import { RuntimeError, type RuntimeErrorKind } from "./runtime-error.ts";

const CONNECT_TIMEOUT_MS = 3_000;

/**
 * Opens a socket whose text arrives as UTF-8. Its write side stays open: a half-closed one ends `wait` at
 * once.
 * @throws {RuntimeError} of kind `unreachable`
 */
export function dial(endpoint: Endpoint): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTo(endpoint);
    socket.setEncoding("utf8").setNoDelay(true).setTimeout(CONNECT_TIMEOUT_MS);
    const fail = (reason: string, cause?: unknown): void => {
      socket.destroy();
      reject(failureAt(endpoint, "unreachable", `is not reachable: ${reason}`, cause));
    };
    socket.once("timeout", () => fail(`no connection within ${CONNECT_TIMEOUT_MS / 1000} s`));
    socket.once("error", (cause) => fail(cause.message, cause));
    socket.once(endpoint.kind === "tls" ? "secureConnect" : "connect", () => {
      socket.setTimeout(0).removeAllListeners("timeout").removeAllListeners("error");
      resolve(socket);
    });
  });
}

/** The one form in which it is told that a runtime API could not be used. */
export const failureAt = (endpoint: Endpoint, kind: RuntimeErrorKind, reason: string, cause?: unknown) =>
  new RuntimeError(kind, `HAProxy's runtime API at ${formatEndpoint(endpoint)} ${reason}`, { cause });

function connectTo(endpoint: Endpoint): Socket {
  switch (endpoint.kind) {
    case "tcp":
      return connect({ host: endpoint.host, port: endpoint.port });
    case "tls": {
      const { host, port, credentials } = endpoint;
      const { ca, certificate: cert, key } = credentials;
      const [servername, minVersion] = [RUNTIME_SERVER_NAME, "TLSv1.3"] as const;
      return connectTls({ host, port, ca, cert, key, servername, minVersion });
    }
    case "unix":
      return connect(endpoint.path);
    default:
      return endpoint satisfies never;
  }
}
