import { rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Endpoint } from "../../../../src/stack/endpoint.ts";

let number = 0;

/** A runtime API whose answers a test writes by itself. */
export class ScriptedServer {
  readonly endpoint: Endpoint;
  /** Lines that came, of all connections. */
  readonly lines: string[] = [];
  connections = 0;
  readonly #path = join(tmpdir(), `scripted-haproxy-${process.pid}-${number++}.sock`);
  readonly #sockets = new Set<Socket>();
  readonly #server;

  private constructor(onLine: (socket: Socket, line: string, connection: number) => void) {
    this.endpoint = { kind: "unix", path: this.#path };
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      const connection = ++this.connections;
      let rest = "";
      socket.setEncoding("utf8").on("error", () => {});
      socket.on("end", () => socket.end());
      socket.on("data", (piece: string) => {
        const lines = `${rest}${piece}`.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          this.lines.push(line);
          onLine(socket, line, connection);
        }
      });
    });
  }

  static async start(
    onLine: (socket: Socket, line: string, connection: number) => void,
  ): Promise<ScriptedServer> {
    const server = new ScriptedServer(onLine);
    await new Promise<void>((resolve) => server.#server.listen(server.#path, resolve));
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    rmSync(this.#path, { force: true });
  }
}
