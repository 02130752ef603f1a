import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { APP_BODY } from "./configs.ts";

/** More do not make HAProxy answer more on two cores. */
const CONNECTIONS = 32;
const END = `\r\n\r\n${APP_BODY}`;

/** What was answered. */
export interface Load {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds from each request to its answer, as the client sees it, sorted. */
  readonly latencies: Float64Array;
}

/** A client that asks a door again over connections that it keeps. It parses no more than it has to. */
export class Client {
  readonly #address: string;
  readonly #port: number;
  readonly #isTls: boolean;

  constructor(address: string, port: number, isTls: boolean) {
    this.#address = address;
    this.#port = port;
    this.#isTls = isTls;
  }

  /** Whether a request comes through to an app. */
  async isAnswered(): Promise<boolean> {
    try {
      const connection = await Connection.open(this.#connect(), "0");
      await connection.ask();
      connection.close();
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Asks for some time, on each connection when the answer before is there.
   * @throws {Error} when an answer is not the app's
   */
  async askFor(ms: number): Promise<Load> {
    const sessions = Array.from({ length: CONNECTIONS }, (_, index) => `session-${index}`);
    const connections = await Promise.all(sessions.map((id) => Connection.open(this.#connect(), id)));
    const latencies: number[] = [];
    const start = performance.now();
    const askUntil = async (connection: Connection): Promise<void> => {
      for (let asked = start; asked < start + ms; ) {
        await connection.ask();
        const answered = performance.now();
        latencies.push(answered - asked);
        asked = answered;
      }
    };
    await Promise.all(connections.map(askUntil));
    const seconds = (performance.now() - start) / 1_000;
    for (const connection of connections) connection.close();
    return { requests: latencies.length, seconds, latencies: Float64Array.from(latencies).sort() };
  }

  #connect(): Socket {
    const place = { host: this.#address, port: this.#port };
    return this.#isTls ? connectTls({ ...place, rejectUnauthorized: false }) : connect(place);
  }
}

/** One at a time is asked on it. */
class Connection {
  readonly #socket: Socket;
  readonly #session: string;
  #cookie = "";
  #received = "";
  #waiting: { readonly done: () => void; readonly failed: (error: Error) => void } | undefined;

  private constructor(socket: Socket, session: string) {
    this.#socket = socket;
    this.#session = session;
    socket.setEncoding("latin1").setNoDelay(true);
    socket.on("data", (text) => this.#read(String(text)));
    socket.on("error", (error) => this.#waiting?.failed(error));
    socket.on("close", () => this.#waiting?.failed(new Error("the door closed a connection")));
  }

  static async open(socket: Socket, session: string): Promise<Connection> {
    const connection = new Connection(socket, session);
    await connection.ask(); // the first answer has the cookie
    return connection;
  }

  ask(): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting = { done, failed };
      this.#socket.write(
        "GET /some/path HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: bench\r\nAccept: */*\r\n" +
          `X-Session-ID: ${this.#session}\r\n${this.#cookie}\r\n`,
      );
    });
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #read(text: string): void {
    this.#received += text;
    if (!this.#received.endsWith(END)) {
      if (/^HTTP\/1.1 (?!200)/.test(this.#received))
        this.#waiting?.failed(new Error(`an answer is not the app's: ${this.#received.slice(0, 200)}`));
      return;
    }
    if (this.#cookie === "") {
      const [, pair] = /^set-cookie: ([^;]+)/im.exec(this.#received) ?? [];
      if (pair !== undefined) this.#cookie = `Cookie: ${pair}\r\n`;
    }
    this.#received = "";
    this.#waiting?.done();
  }
}
