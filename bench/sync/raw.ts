import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Endpoint } from "../../src/stack/endpoint.ts";

/*
 * The runtime API with nothing around it. A script would do the same that knows what runs, plans nothing, and
 * only counts replies. `sync` is measured against this floor, so it shares no code with src/haproxy.
 */

const MAX_LINE_CHARS = 16_000;
const POLL_MS = 50;
const OPERATIONAL_STATE = 5;

/** A connection that HAProxy keeps open between lines. */
export class RawConnection {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(endpoint: Endpoint): Promise<RawConnection> {
    const connection = new RawConnection(await openSocket(endpoint));
    await connection.#send("prompt i", 1);
    return connection;
  }

  /** Sends commands in as few lines as HAProxy reads, one line after the other. */
  async run(commands: readonly string[]): Promise<string> {
    let text = "";
    for (let from = 0; from < commands.length; ) {
      let to = from;
      for (let chars = 0; to < commands.length; to++) {
        chars += (commands[to]?.length ?? 0) + 1;
        if (chars > MAX_LINE_CHARS) break;
      }
      text += await this.#send(commands.slice(from, to).join(";"), to - from);
      from = to;
    }
    return text;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Sends a line and reads its replies, each of which ends with an empty line. */
  #send(line: string, replies: number): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = "";
      let left = replies;
      let isLineStart = true;
      const onData = (chunk: string): void => {
        for (const char of chunk) {
          if (char === "\n" && isLineStart) left--;
          isLineStart = char === "\n";
        }
        text += chunk;
        if (left > 0) return;
        settle();
        resolve(text);
      };
      const onClose = (): void => {
        settle();
        reject(new Error(`HAProxy closed the connection ${left} replies early`));
      };
      const settle = (): Socket => this.#socket.off("data", onData).off("close", onClose);
      this.#socket.on("data", onData).on("close", onClose);
      this.#socket.write(`${line}\n`);
    });
  }
}

/** Runs each command over a connection of its own. */
export async function runOneByOne(endpoint: Endpoint, commands: readonly string[]): Promise<string> {
  let text = "";
  for (const command of commands) text += await ask(endpoint, command);
  return text;
}

/** Waits until so many servers of the backend are up. It looks as often as `sync` does. */
export async function waitUp(look: () => Promise<string>, count: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const lines = (await look())
      .split("\n")
      .filter((line) => line !== "" && line !== "1" && !line.startsWith("#"));
    if (lines.filter((line) => line.split(" ")[OPERATIONAL_STATE] === "2").length === count) return;
    if (Date.now() > deadline) throw new Error("the servers are not up after 60 s");
    await sleep(POLL_MS);
  }
}

/** Runs one command over one connection, which HAProxy closes when it has answered. */
export async function ask(endpoint: Endpoint, command: string): Promise<string> {
  const socket = await openSocket(endpoint);
  let text = "";
  socket.on("data", (chunk: string) => {
    text += chunk;
  });
  socket.write(`${command}\n`);
  await once(socket, "end");
  socket.destroy();
  return text;
}

async function openSocket(endpoint: Endpoint): Promise<Socket> {
  if (endpoint.kind === "tls") throw new RangeError("the benchmark knows no TLS");
  const socket =
    endpoint.kind === "tcp" ? connect({ host: endpoint.host, port: endpoint.port }) : connect(endpoint.path);
  socket.setEncoding("utf8").setNoDelay(true);
  await once(socket, "connect");
  return socket;
}
