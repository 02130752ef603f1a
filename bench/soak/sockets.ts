import { setTimeout as sleep } from "node:timers/promises";
import { causeOf, type Failure } from "../../test/harness/load.ts";
import { EchoSocket } from "../../test/harness/sockets.ts";

/** A WebSocket that the other side closed. Times are in milliseconds since 1970. */
export interface Loss {
  readonly id: string;
  readonly server: string;
  readonly openedAt: number;
  readonly lostAt: number;
}

/** Everything that the WebSockets saw in some time. */
export interface SocketResult {
  readonly opened: number;
  readonly losses: readonly Loss[];
  /** WebSockets that could not be opened. */
  readonly failures: readonly Failure[];
}

const RETRY_MS = 20;

/** Keeps so many WebSockets open and in use, each of a session of its own, and opens lost ones again. */
export class Sockets {
  readonly #url: string;
  readonly #stopping = new AbortController();
  readonly #keepers: Promise<void>[];
  #opened = 0;
  #losses: Loss[] = [];
  #failures: Failure[] = [];

  constructor(url: string, count: number) {
    this.#url = url;
    this.#keepers = Array.from({ length: count }, (_, index) => this.#keepOpen(`socket-${index}`));
  }

  /** Takes all that came since the start or the last call. */
  take(): SocketResult {
    const result = { opened: this.#opened, losses: this.#losses, failures: this.#failures };
    this.#opened = 0;
    this.#losses = [];
    this.#failures = [];
    return result;
  }

  async stop(): Promise<SocketResult> {
    this.#stopping.abort();
    await Promise.all(this.#keepers);
    return this.take();
  }

  async #keepOpen(id: string): Promise<void> {
    const { signal } = this.#stopping;
    const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    while (!signal.aborted) {
      const sentAt = Date.now();
      try {
        const socket = await EchoSocket.open(this.#url, id);
        this.#opened += 1;
        await Promise.race([socket.ended, stopped]);
        if (socket.wasClosed)
          this.#losses.push({ id, server: socket.server, openedAt: socket.openedAt, lostAt: Date.now() });
        else socket.end();
      } catch (error) {
        this.#failures.push({ client: id, sentAt, failedAt: Date.now(), cause: causeOf(error) });
        await sleep(RETRY_MS);
      }
    }
  }
}
