import type { Socket } from "node:net";
import { MAX_LINE_BYTES } from "../../stack/buffer-limits.ts";
import type { Endpoint } from "../../stack/endpoint.ts";
import { messageOf } from "../../stack/settled.ts";
import { COMMANDS, type Command, type CommandLine, type PayloadCommand, tellCommand } from "./command.ts";
import { ReplySplitter } from "./replies.ts";
import { RuntimeError, type RuntimeErrorKind } from "./runtime-error.ts";
import { dial, failureAt } from "./socket.ts";

const MAX_REPLY_CHARS = 64 * 1024 * 1024;
/** For the answer to one line; HAProxy answers in milliseconds. */
const REPLY_TIMEOUT_MS = 5_000;
/** A line may hold many commands, each of which may wait a little. */
const COMMAND_TIMEOUT_MS = 100;
/** Between two pieces of an answer that is read as it comes. */
const SILENCE_TIMEOUT_MS = 30_000;
/** Between two questions. An open connection keeps a worker of before a reload alive. */
const IDLE_MS = 2_000;

type Line = Command | CommandLine | PayloadCommand;

/**
 * A conversation with HAProxy. An answer is read in one of three ways: as whole replies, as lines while they
 * come, or raw until HAProxy closes the connection, which it does after the raw answer and after the lines.
 */
export class Connection implements Disposable {
  readonly #endpoint: Endpoint;
  readonly #socket: Socket;
  readonly #pieces: AsyncIterator<string>;
  readonly #splitter = new ReplySplitter(MAX_REPLY_CHARS);
  /** The piece that is waited for while nobody asks, so that an end is seen before the next question. */
  #ahead: Promise<IteratorResult<string>> | undefined;
  /** What was asked last, as it may be told. */
  #asked = "";
  #isKept = false;
  #isOpen = true;

  private constructor(endpoint: Endpoint, socket: Socket) {
    this.#endpoint = endpoint;
    // An error is told to whoever reads.
    this.#socket = socket.on("timeout", () => this[Symbol.dispose]()).on("error", () => {});
    this.#pieces = socket[Symbol.asyncIterator]();
  }

  /** @throws {RuntimeError} of kind `unreachable` */
  static async open(endpoint: Endpoint): Promise<Connection> {
    return new Connection(endpoint, await dial(endpoint));
  }

  /** Whether it can be asked once more. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  [Symbol.dispose](): void {
    this.#isOpen = false;
    this.#socket.destroy();
  }

  /**
   * Sends commands as one line and returns a reply for each. HAProxy keeps the connection open for the next
   * line. While nobody asks, the connection keeps no process alive, and is closed before long.
   * @throws {RuntimeError} when the replies do not come whole in time
   */
  async replies(commands: readonly Command[]): Promise<string[]> {
    // The first line goes together with the one that makes HAProxy keep the connection.
    const first = this.#isKept ? [] : [COMMANDS.prompt()];
    this.#isKept = true;
    this.#send(commands.at(-1) ?? COMMANDS.prompt(), [...first, commands.join(";")].join("\n"));
    const timeoutMs = REPLY_TIMEOUT_MS + commands.length * COMMAND_TIMEOUT_MS;
    const startMs = performance.now();
    const replies: string[] = [];
    while (replies.length < first.length + commands.length) {
      const piece = await this.#read(timeoutMs, startMs);
      if (piece === undefined) throw this.#breaksOff(this.#splitter.rest);
      try {
        replies.push(...this.#splitter.push(piece));
      } catch (cause) {
        throw this.#failure("broken", "answered too much", cause);
      }
    }
    this.#rest();
    return replies.slice(first.length);
  }

  /**
   * Sends one command and hands out the lines of its answer as they come, without the empty one at its end.
   * @throws {RuntimeError} as {@link replies}
   */
  async *lines(command: Command): AsyncGenerator<string> {
    this.#send(command);
    let [rest, isWhole] = ["", false];
    for (let piece = await this.#read(SILENCE_TIMEOUT_MS); piece !== undefined; ) {
      const lines = `${rest}${piece}`.split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > MAX_LINE_BYTES) throw this.#failure("broken", "sent a line that does not end");
      for (const line of lines) if (line !== "") yield line;
      isWhole = rest === "" && lines.at(-1) === "";
      piece = await this.#read(SILENCE_TIMEOUT_MS);
    }
    if (!isWhole) throw this.#breaksOff(rest);
  }

  /** Sends one line and returns HAProxy's answer as it is, which may be nothing. */
  async raw(line: Line, timeoutMs: number = REPLY_TIMEOUT_MS): Promise<string> {
    this.#send(line);
    const isForMaster = line.startsWith("@");
    const startMs = performance.now();
    for (let answer = ""; ; ) {
      const piece = await this.#read(timeoutMs, startMs);
      if (piece === undefined) return answer;
      answer += piece;
      if (answer.length > MAX_REPLY_CHARS) throw this.#failure("broken", "answered too much");
      // The master keeps its connection open until the client is done.
      if (isForMaster && isWholeFromMaster(line, answer)) this.#socket.end();
      else if (isForMaster && NO_SUCH_PROCESS.test(answer)) return answer;
    }
  }

  #send(line: Line, text: string = line): void {
    this.#asked = JSON.stringify(tellCommand(line));
    this.#socket.ref().setTimeout(0).write(`${text}\n`);
  }

  /** Reads the next piece of an answer, here alone. Undefined when HAProxy has closed the connection. */
  async #read(timeoutMs: number, sinceMs = performance.now()): Promise<string | undefined> {
    const words = `did not answer ${this.#asked} within ${timeoutMs / 1000} s`;
    const late = failureAt(this.#endpoint, "timeout", words);
    const leftMs = Math.max(0, sinceMs + timeoutMs - performance.now());
    const timer = setTimeout(() => this.#socket.destroy(late), leftMs);
    try {
      const { done, value } = await (this.#ahead ?? this.#pieces.next());
      return done === true ? undefined : value;
    } catch (cause) {
      if (cause instanceof RuntimeError) throw cause;
      const reason = messageOf(cause);
      throw this.#failure("broken", `broke the connection (${reason})`, cause);
    } finally {
      clearTimeout(timer);
      this.#ahead = undefined;
    }
  }

  #rest(): void {
    const onEnd = (): void => {
      this.#isOpen = false;
    };
    this.#socket.unref().setTimeout(IDLE_MS);
    this.#ahead = this.#pieces.next();
    this.#ahead.then(({ done }) => (done === true ? onEnd() : undefined), onEnd);
  }

  #breaksOff(came: string): RuntimeError {
    const words = came.trim() === "" ? "" : ` (${came.trim()})`;
    return this.#failure("broken", `closed the connection${words}`);
  }

  #failure(kind: RuntimeErrorKind, reason: string, cause?: unknown): RuntimeError {
    return failureAt(this.#endpoint, kind, `${reason} in its answer to ${this.#asked}`, cause);
  }
}

/**
 * Runs one line over a connection of its own and returns the answer as HAProxy prints it, whatever it is. For
 * commands whose answer has empty lines inside, and for the master process.
 * @param timeoutMs how long the answer may take; 5 s by default
 * @throws {RuntimeError} as {@link Connection.replies}; of kind `broken` when HAProxy closes the connection
 *   without a byte, as it does while it starts or ends: a command that was carried out is answered by an
 *   empty line at least
 */
export async function runRaw(endpoint: Endpoint, line: Line, timeoutMs?: number): Promise<string> {
  using connection = await Connection.open(endpoint);
  const answer = await connection.raw(line, timeoutMs);
  if (answer === "") throw noAnswer(endpoint, line);
  return answer;
}

/**
 * Runs one command over a connection of its own and hands out its answer line by line as it comes, for
 * answers that are too long to be kept.
 * @throws {RuntimeError} as {@link Connection.replies}
 */
export async function* runLines(endpoint: Endpoint, command: Command): AsyncGenerator<string> {
  using connection = await Connection.open(endpoint);
  yield* connection.lines(command);
}

/** HAProxy closed the connection before an answer came. */
export const noAnswer = (endpoint: Endpoint, line: Line): RuntimeError =>
  failureAt(
    endpoint,
    "broken",
    `closed the connection without an answer to ${JSON.stringify(tellCommand(line))}`,
  );

/** How the master answers a line for a process that there is not; it may keep its connection open even so. */
export const NO_SUCH_PROCESS = /^Can't find the target [^\n]*\n$/;

/** Whether an answer through the master may be at its end. What follows after it still comes. */
const isWholeFromMaster = (line: string, answer: string): boolean =>
  answer.endsWith("\n\n") || (answer === "\n" && !line.startsWith("@@"));
