import { once } from "node:events";
import WebSocket from "ws";

/** An open socket without an echo for so long counts as closed; HAProxy ends one before that. */
const SILENCE_MS = 15_000;

/**
 * A WebSocket on podinfo's echo service that is used all the time, and remembers whether it was closed on it.
 */
export class EchoSocket {
  readonly id: string;
  /** Name of the server that it is on. */
  readonly server: string;
  readonly openedAt = Date.now();
  /** When either side ended it, in milliseconds since 1970; undefined while it is open. */
  closedAt: number | undefined;
  /** Fulfilled when either side has ended it. */
  readonly ended: Promise<void>;
  readonly #socket: WebSocket;
  #echoes = 0;
  #lastEchoAt = Date.now();
  #wasClosed = false;
  #isEnding = false;
  readonly #timer: NodeJS.Timeout;

  private constructor(id: string, server: string, socket: WebSocket) {
    this.id = id;
    this.server = server;
    this.#socket = socket;
    socket.on("message", () => {
      this.#echoes += 1;
      this.#lastEchoAt = Date.now();
    });
    socket.on("close", () => {
      this.#wasClosed = !this.#isEnding;
      this.closedAt = Date.now();
      clearInterval(this.#timer);
    });
    socket.on("error", () => {}); // a close follows
    this.ended = new Promise((resolve) => socket.on("close", () => resolve()));
    this.#timer = setInterval(() => this.#use(), 100);
  }

  /** @param ca certificate of the authority that an `https:` balancer's own comes from */
  static async open(url: string, id: string, ca?: string): Promise<EchoSocket> {
    const { socket, server } = await openEcho(url, id, ca);
    return new EchoSocket(id, server, socket);
  }

  /** Whether the other side ended it, or fell silent. */
  get wasClosed(): boolean {
    return this.#wasClosed;
  }

  get echoes(): number {
    return this.#echoes;
  }

  end(): void {
    this.#isEnding = true;
    clearInterval(this.#timer);
    this.#socket.terminate();
  }

  #use(): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (Date.now() - this.#lastEchoAt > SILENCE_MS) this.#socket.terminate();
    else this.#socket.send("hello");
  }
}

/** A WebSocket on podinfo's echo service on which this side never says anything. */
export class IdleSocket {
  /** Name of the server that it is on. */
  readonly server: string;
  /** When the other side ended it, in milliseconds since 1970; undefined while it is open. */
  closedAt: number | undefined;
  readonly #socket: WebSocket;

  private constructor(server: string, socket: WebSocket) {
    this.server = server;
    this.#socket = socket;
    socket.on("close", () => {
      this.closedAt = Date.now();
    });
    socket.on("error", () => {}); // a close follows
  }

  static async open(url: string, id: string): Promise<IdleSocket> {
    const { socket, server } = await openEcho(url, id);
    return new IdleSocket(server, socket);
  }

  end(): void {
    this.#socket.terminate();
  }
}

async function openEcho(
  url: string,
  id: string,
  ca?: string,
): Promise<{ readonly socket: WebSocket; readonly server: string }> {
  const headers = { "X-Session-ID": id, "X-Balancer-Probe": "1" };
  const trust = ca === undefined ? {} : { ca };
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/ws/echo`, {
    headers,
    handshakeTimeout: 20_000,
    ...trust,
  });
  const [[response]] = await Promise.all([once(socket, "upgrade"), once(socket, "open")]);
  return { socket, server: response.headers["x-balancer-server"] };
}
