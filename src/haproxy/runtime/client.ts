import { MAX_LINE_BYTES } from "../../stack/buffer-limits.ts";
import { type Endpoint, formatEndpoint } from "../../stack/endpoint.ts";
import { type Command, type PayloadCommand, tellCommand } from "./command.ts";
import { Connection, runRaw } from "./connection.ts";
import { RuntimeError } from "./runtime-error.ts";
import { type Step, steps } from "./steps.ts";

/**
 * A HAProxy and the backend of it that is meant. What is asked again and again goes over one connection, one
 * question after the other whoever asks. It is opened by the first question, and anew after it broke: a
 * command that failed is not repeated.
 */
export class Haproxy implements Disposable {
  readonly endpoint: Endpoint;
  /** Name of the backend, and of its stick table. */
  readonly backend: string;
  /** The steps that change servers of the backend. */
  readonly steps: ReturnType<typeof steps>;
  #held: Connection | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  /** The latest failure to reach it. */
  #unreachable: RuntimeError | undefined;

  constructor(endpoint: Endpoint, backend: string) {
    this.endpoint = endpoint;
    this.backend = backend;
    this.steps = steps(backend);
  }

  /**
   * Runs commands and returns a reply for each, in order. Commands share lines, since a line is what costs
   * time. The commands after one that is refused still run: HAProxy has no transactions.
   * @throws {RuntimeError} when HAProxy is unreachable or an answer does not come whole in time
   */
  run(commands: readonly Command[]): Promise<string[]> {
    const before = this.#unreachable;
    const answers = this.#turn.then(() => {
      // Whoever waited while it was found unreachable does not find it out once more, one after the other.
      if (this.#unreachable !== undefined && this.#unreachable !== before) throw this.#unreachable;
      return this.#run(commands);
    });
    this.#turn = answers.catch(() => {}); // told to who asked
    return answers;
  }

  /** Runs one command and returns its reply. */
  async ask(command: Command): Promise<string> {
    const [reply = ""] = await this.run([command]);
    return reply;
  }

  async #run(commands: readonly Command[]): Promise<string[]> {
    const replies: string[] = [];
    try {
      for (const line of packLines(commands)) {
        if (this.#held?.isOpen !== true) this.#held = await Connection.open(this.endpoint);
        replies.push(...(await this.#held.replies(line)));
      }
      return replies;
    } catch (error) {
      this.#hangUp();
      if (error instanceof RuntimeError && error.kind === "unreachable") this.#unreachable = error;
      throw error;
    }
  }

  /**
   * Runs steps in one batch.
   * @returns HAProxy's answers, trimmed, in order
   * @throws {RuntimeError} of kind `refused` that names every step that HAProxy refused, with its words
   */
  async runSteps(list: readonly Step[]): Promise<string[]> {
    const answers = (await this.run(list.map(({ command }) => command))).map((reply) => reply.trim());
    this.#judge(list, answers);
    return answers;
  }

  /**
   * Runs a step over a connection of its own, as the master's take it, and those whose answer is no single
   * reply.
   * @throws {RuntimeError} as {@link runSteps}
   */
  async runAlone(step: Step<Command | PayloadCommand>, timeoutMs?: number): Promise<string> {
    const answer = await runRaw(this.endpoint, step.command, timeoutMs);
    this.#judge([step], [answer]);
    return answer;
  }

  /** Has the next question open a connection: after a reload the old one is to the old worker. */
  redial(): void {
    this.#turn = this.#turn.then(() => this.#hangUp());
  }

  [Symbol.dispose](): void {
    this.#hangUp();
  }

  #hangUp(): void {
    this.#held?.[Symbol.dispose]();
    this.#held = undefined;
  }

  #judge(steps: readonly Step<Command | PayloadCommand>[], answers: readonly string[]): void {
    const refusals = steps.flatMap((step, index) => refusalOf(step, answers[index]?.trim() ?? ""));
    if (refusals.length === 0) return;
    const where = formatEndpoint(this.endpoint);
    throw new RuntimeError("refused", `HAProxy at ${where} refused ${refusals.slice(0, 10).join("; ")}`);
  }
}

/** HAProxy's words where it refused a step; none where the answer is one of those that mean success. */
function refusalOf({ command, accepts, what }: Step<Command | PayloadCommand>, answer: string): string[] {
  if (accepts.test(answer)) return [];
  const words = answer.replaceAll(/\s*\n\s*/g, " ");
  return [`${what === undefined ? `"${tellCommand(command)}":` : `${what}:`} ${words || "(no answer)"}`];
}

/** Lines of joined commands, each as long as HAProxy reads. */
function* packLines(commands: readonly Command[]): Generator<readonly Command[]> {
  let line: Command[] = [];
  let chars = 0;
  for (const command of commands) {
    if (chars + command.length + 1 > MAX_LINE_BYTES) {
      yield line;
      line = [];
      chars = 0;
    }
    line.push(command);
    chars += command.length + 1;
  }
  if (line.length > 0) yield line;
}
