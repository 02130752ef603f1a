import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Endpoint, formatEndpoint, RUNTIME_SERVER_NAME } from "../../stack/endpoint.ts";
import { COMMANDS, type Command, type CommandLine, type PayloadCommand, tellCommand } from "./command.ts";
import { ReplySplitter } from "./replies.ts";
import { RuntimeError } from "./runtime-error.ts";

/** HAProxy reads no longer line than its buffer (`tune.bufsize` 16,384, newline included). */
const MAX_LINE_CHARS = 16_000;
const MAX_REPLY_CHARS = 64 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 3_000;
/** For the answer to one line; HAProxy answers in milliseconds. */
const REPLY_TIMEOUT_MS = 5_000;
/** Between two pieces of an answer that is read as it comes. */
const IDLE_TIMEOUT_MS = 30_000;
/** A line of a batch may hold many commands, each of which may wait a little. */
const BATCH_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 100;

/**
 * Runs commands over one connection and returns a reply for each, in order. Commands share lines, since a line is what
 * costs time. The commands after one that is refused still run: HAProxy has no transactions.
 * @throws {RuntimeError} when HAProxy is unreachable or an answer does not come whole in time
 */
export async function runBatch(endpoint: Endpoint, commands: readonly Command[]): Promise<string[]> {
  if (commands.length === 0) return [];
  const socket = await open(endpoint);
  try {
    const exchange = new Exchange(socket, endpoint);
    const replies: string[] = [];
    for (const line of packLines(commands)) replies.push(...(await exchange.send(line)));
    return replies;
  } finally {
    socket.destroy();
  }
}

/** What {@link runRaw} shall put up with. */
export interface RawOptions {
  /** How long the answer may take; 5 s by default. */
  readonly timeoutMs?: number;
  /** The process that is asked may have ended: then nothing comes, which is no error. */
  readonly mayBeGone?: boolean;
}

/**
 * Runs one line and returns the answer as HAProxy prints it, whatever it is. For commands whose answer has empty lines
 * inside, and for the master process, which keeps its connection open until the client is done.
 * @throws {RuntimeError} as {@link runBatch}; of kind `broken` when HAProxy closes the connection without a byte, as it
 * does while it starts or ends: a command that was carried out is answered by an empty line at least
 */
export async function runRaw(
  endpoint: Endpoint,
  line: Command | CommandLine | PayloadCommand,
  { timeoutMs = REPLY_TIMEOUT_MS, mayBeGone = false }: RawOptions = {},
): Promise<string> {
  const socket = await open(endpoint);
  const isForMaster = line.startsWith("@");
  return new Promise<string>((resolve, reject) => {
    let answer = "";
    const deadline = setTimeout(
      () =>
        fail("timeout", `did not answer ${JSON.stringify(tellCommand(line))} within ${timeoutMs / 1000} s`),
      timeoutMs,
    );
    const finish = (): void => {
      clearTimeout(deadline);
      socket.destroy();
    };
    const fail = (kind: "timeout" | "broken", text: string, cause?: unknown): void => {
      finish();
      reject(
        new RuntimeError(kind, `HAProxy's runtime API at ${formatEndpoint(endpoint)} ${text}`, { cause }),
      );
    };
    socket.on("data", (chunk: string) => {
      answer += chunk;
      if (answer.length > MAX_REPLY_CHARS) fail("broken", "answered more than 64 MiB");
      else if (isForMaster && isWholeFromMaster(line, answer)) socket.end();
      else if (isForMaster && NO_SUCH_PROCESS.test(answer)) settle();
    });
    const settle = (): void => {
      finish();
      resolve(answer);
    };
    socket.on("end", () => {
      if (answer !== "" || mayBeGone) return settle();
      finish();
      reject(noAnswer(endpoint, line));
    });
    socket.on("error", (cause) => fail("broken", `broke the connection: ${cause.message}`, cause));
    socket.write(`${line}\n`);
  });
}

/** HAProxy closed the connection before an answer came. */
export const noAnswer = (endpoint: Endpoint, line: Command | CommandLine | PayloadCommand): RuntimeError =>
  new RuntimeError(
    "broken",
    `HAProxy's runtime API at ${formatEndpoint(endpoint)} closed the connection without an answer to ${JSON.stringify(tellCommand(line))}`,
  );

/** How the master answers a line for a process that there is not; it may keep its connection open even so. */
export const NO_SUCH_PROCESS = /^Can't find the target [^\n]*\n$/;

/** Whether an answer through the master may be at its end. What follows after it still comes. */
const isWholeFromMaster = (line: string, answer: string): boolean =>
  answer.endsWith("\n\n") || (answer === "\n" && !line.startsWith("@@"));

/**
 * Runs one command and hands out its answer line by line as it comes, for answers that are too long to be kept. The empty
 * line at its end is left out.
 * @throws {RuntimeError} as {@link runBatch}
 */
export async function* runLines(endpoint: Endpoint, command: Command): AsyncGenerator<string> {
  const socket = await open(endpoint);
  const broken = (reason: string, cause?: unknown) =>
    new RuntimeError(
      "broken",
      `HAProxy's runtime API at ${formatEndpoint(endpoint)} ${reason} in its answer to "${command}"`,
      { cause },
    );
  const onIdle = (): void => {
    // A reader that takes its time, such as a pager, is no silence of HAProxy's.
    if (socket.readableLength > 0) socket.setTimeout(IDLE_TIMEOUT_MS);
    else socket.destroy(broken(`sent nothing for ${IDLE_TIMEOUT_MS / 1000} s`));
  };
  socket.setTimeout(IDLE_TIMEOUT_MS).on("timeout", onIdle).write(`${command}\n`);
  let rest = "";
  let isWhole = false;
  try {
    for await (const chunk of socket) {
      const lines = `${rest}${chunk}`.split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > MAX_LINE_CHARS) throw broken("sent a line that does not end");
      for (const line of lines) if (line !== "") yield line;
      isWhole = rest === "" && lines.at(-1) === "";
    }
  } catch (cause) {
    throw cause instanceof RuntimeError
      ? cause
      : broken(`broke the connection (${cause instanceof Error ? cause.message : cause})`, cause);
  }
  if (!isWhole) throw broken("closed the connection");
}

/** Opens a connection whose text arrives as UTF-8. Its write side stays open: a half-closed one ends `wait` at once. */
function open(endpoint: Endpoint): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = dial(endpoint);
    socket.setEncoding("utf8").setNoDelay(true).setTimeout(CONNECT_TIMEOUT_MS);
    const fail = (reason: string, cause?: unknown): void => {
      socket.destroy();
      reject(
        new RuntimeError(
          "unreachable",
          `HAProxy's runtime API at ${formatEndpoint(endpoint)} is not reachable: ${reason}`,
          { cause },
        ),
      );
    };
    socket.once("timeout", () => fail(`no connection within ${CONNECT_TIMEOUT_MS / 1000} s`));
    socket.once("error", (cause) => fail(cause.message, cause));
    socket.once(endpoint.kind === "tls" ? "secureConnect" : "connect", () => {
      socket.setTimeout(0).removeAllListeners("timeout").removeAllListeners("error");
      resolve(socket);
    });
  });
}

function dial(endpoint: Endpoint): Socket {
  switch (endpoint.kind) {
    case "tcp":
      return connect({ host: endpoint.host, port: endpoint.port });
    case "tls": {
      const { host, port, credentials } = endpoint;
      const { ca, certificate: cert, key } = credentials;
      return connectTls({
        host,
        port,
        ca,
        cert,
        key,
        servername: RUNTIME_SERVER_NAME,
        minVersion: "TLSv1.3",
      });
    }
    case "unix":
      return connect(endpoint.path);
    default:
      return endpoint satisfies never;
  }
}

/** Lines of joined commands, each as long as HAProxy reads. */
function* packLines(commands: readonly Command[]): Generator<readonly Command[]> {
  let line: Command[] = [];
  let chars = 0;
  for (const command of commands) {
    if (chars + command.length + 1 > MAX_LINE_CHARS) {
      yield line;
      line = [];
      chars = 0;
    }
    line.push(command);
    chars += command.length + 1;
  }
  yield line;
}

/** A conversation in which HAProxy keeps the connection open between lines. */
class Exchange {
  readonly #socket: Socket;
  readonly #endpoint: Endpoint;
  readonly #splitter = new ReplySplitter(MAX_REPLY_CHARS);
  #isKept = false;

  constructor(socket: Socket, endpoint: Endpoint) {
    this.#socket = socket;
    this.#endpoint = endpoint;
    socket.on("error", () => {}); // told by the exchange that meets it; of no interest once all is answered
  }

  /** Sends commands as one line and waits for as many replies. */
  async send(line: readonly Command[]): Promise<string[]> {
    if (this.#isKept) return this.#ask(line, `${line.join(";")}\n`);
    this.#isKept = true;
    // The first line goes together with the one that makes HAProxy keep the connection.
    const [, ...replies] = await this.#ask(
      [COMMANDS.prompt(), ...line],
      `${COMMANDS.prompt()}\n${line.join(";")}\n`,
    );
    return replies;
  }

  #ask(line: readonly Command[], text: string): Promise<string[]> {
    const replies: string[] = [];
    return new Promise<string[]>((resolve, reject) => {
      const fail = (kind: "broken" | "timeout", reason: string, cause?: unknown): void => {
        settle();
        const where = `HAProxy's runtime API at ${formatEndpoint(this.#endpoint)} ${reason}`;
        reject(
          new RuntimeError(
            kind,
            `${where} after ${replies.length} of ${line.length} answers to "${line.at(-1)}"`,
            { cause },
          ),
        );
      };
      const onData = (chunk: string): void => {
        try {
          replies.push(...this.#splitter.push(chunk));
        } catch (cause) {
          fail("broken", "answered too much", cause);
          return;
        }
        if (replies.length < line.length) return;
        settle();
        resolve(replies);
      };
      const onEnd = (): void =>
        fail(
          "broken",
          `closed the connection${this.#splitter.rest === "" ? "" : ` (${this.#splitter.rest.trim()})`}`,
        );
      const onError = (cause: Error): void =>
        fail("broken", `broke the connection (${cause.message})`, cause);
      const timeoutMs = BATCH_TIMEOUT_MS + line.length * COMMAND_TIMEOUT_MS;
      const deadline = setTimeout(
        () => fail("timeout", `did not answer within ${timeoutMs / 1000} s`),
        timeoutMs,
      );
      const settle = (): void => {
        clearTimeout(deadline);
        this.#socket.off("data", onData).off("end", onEnd).off("error", onError);
      };
      this.#socket.on("data", onData).on("end", onEnd).on("error", onError);
      this.#socket.write(text);
    });
  }
}
