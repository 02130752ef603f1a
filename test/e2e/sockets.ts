import { once } from "node:events";
import WebSocket from "ws";

/** A WebSocket on podinfo's echo service that is used all the time, and remembers whether it was closed on it. */
export class EchoSocket {
  readonly id: string;
  readonly #socket: WebSocket;
  #echoes = 0;
  #wasClosed = false;
  #isEnding = false;
  readonly #timer: NodeJS.Timeout;

  private constructor(id: string, socket: WebSocket) {
    this.id = id;
    this.#socket = socket;
    socket.on("message", () => {
      this.#echoes += 1;
    });
    socket.on("close", () => {
      this.#wasClosed = !this.#isEnding;
      clearInterval(this.#timer);
    });
    socket.on("error", () => {}); // a close follows
    this.#timer = setInterval(() => socket.readyState === WebSocket.OPEN && socket.send("hello"), 100);
  }

  /** @param ca certificate of the authority that an `https:` balancer's own comes from */
  static async open(url: string, id: string, ca?: string): Promise<EchoSocket> {
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/ws/echo`, { headers: { "X-Session-ID": id }, ...(ca === undefined ? {} : { ca }) });
    await once(socket, "open");
    return new EchoSocket(id, socket);
  }

  /** Whether the other side ended it. */
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
}
