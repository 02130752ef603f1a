import { once } from "node:events";
import { createConnection, type Socket } from "node:net";

/** How a client takes its time. */
export type Slowness = "headers" | "dripping body" | "stalled body" | "unread answer";

const BODY_BYTES = 1024 * 1024;
const DRIP_MS = 2_000;

/** What a client sends at first; the rest comes drop by drop, or never. */
const BEGINNINGS: Readonly<Record<Slowness, string>> = {
  headers: "GET / HTTP/1.1\r\nHost: a.test\r\n",
  "dripping body": `POST /echo HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${BODY_BYTES}\r\n\r\nx`,
  "stalled body": `POST /echo HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${BODY_BYTES}\r\n\r\nx`,
  "unread answer": `POST /echo HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${BODY_BYTES}\r\n\r\n${"x".repeat(BODY_BYTES)}`,
};
const DROPS: Readonly<Record<Slowness, string>> = {
  headers: "X: x\r\n",
  "dripping body": "x",
  "stalled body": "",
  "unread answer": "",
};

/** Clients of one kind, each with a connection that it keeps as long as it is let. */
export class SlowClients {
  readonly #kind: Slowness;
  readonly #sockets: Socket[] = [];
  readonly #statuses: string[] = [];
  readonly #timer: NodeJS.Timeout;
  #closed = 0;

  private constructor(kind: Slowness) {
    this.#kind = kind;
    this.#timer = setInterval(() => this.#drip(), DRIP_MS);
  }

  /** Opens all connections. */
  static async open(kind: Slowness, count: number, host: string, port: number): Promise<SlowClients> {
    const clients = new SlowClients(kind);
    for (let opened = 0; opened < count; opened += 100) {
      await Promise.all(
        Array.from({ length: Math.min(100, count - opened) }, () => clients.#connect(host, port)),
      );
    }
    return clients;
  }

  /** Connections that the other side has closed. */
  get closed(): number {
    return this.#closed;
  }

  /** The status lines of the answers that were read. */
  get statuses(): readonly string[] {
    return this.#statuses;
  }

  /** Reads what has come meanwhile: a close is seen behind it. */
  read(): void {
    for (const socket of this.#sockets) socket.resume();
  }

  end(): void {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.removeAllListeners("close").destroy();
  }

  async #connect(host: string, port: number): Promise<void> {
    const socket = createConnection({ host, port });
    socket.on("error", () => {}); // a close follows
    await once(socket, "connect");
    this.#sockets.push(socket);
    socket.write(BEGINNINGS[this.#kind]);
    if (this.#kind !== "unread answer")
      socket.on("data", (chunk) => this.#statuses.push(chunk.toString("latin1").split("\r\n")[0] ?? ""));
    socket.on("close", () => {
      this.#closed += 1;
    });
  }

  #drip(): void {
    const drop = DROPS[this.#kind];
    if (drop === "") return;
    for (const socket of this.#sockets) if (socket.writable) socket.write(drop);
  }
}
