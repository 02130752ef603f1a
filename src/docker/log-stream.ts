import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import { dockerWords, EngineError, hasStatus } from "./engine-error.ts";
import { ROLE_LABEL, STACK_LABEL } from "./labels.ts";
import { demultiplex } from "./multiplexed.ts";

/** Selects the lines to read. */
export interface LogOptions {
  /** Leaves out lines from before, in seconds since 1970. 0 leaves out none. */
  readonly sinceSeconds: number;
  /** Whether to go on with lines that are printed later, also by containers that start later. */
  readonly isFollowing: boolean;
  /** Ends the reading. That is no failure. */
  readonly signal: AbortSignal;
  /** Leaves out all HAProxy containers but the one with this name. */
  readonly haproxyName?: string | undefined;
  /** Is told why a container's log cannot be read, while the others go on. Without it that is an error. */
  readonly onFailure?: (container: string, words: string) => void;
}

/** Is told a line that a container printed. */
export type OnLine = (container: string, line: string) => void;

/** Counts the containers of a stack that have a log, whether they run or not. */
export async function countContainers(docker: Docker, stack: string): Promise<number> {
  const found = await docker.listContainers({ all: true, filters: { label: [`${STACK_LABEL}=${stack}`] } });
  return found.filter(({ Labels }) => isService(Labels[ROLE_LABEL])).length;
}

/**
 * Reads the logs of a stack's HAProxy and app containers. It ends when all are read, or on the signal when it
 * follows.
 * @throws {EngineError} The engine does not list its containers, or a log cannot be read and no `onFailure`
 *   is given.
 */
export async function readStackLogs(
  docker: Docker,
  stack: string,
  options: LogOptions,
  onLine: OnLine,
): Promise<void> {
  const { promise: failed, reject } = Promise.withResolvers<never>();
  const {
    onFailure = (container, words) =>
      reject(new EngineError(`the log of ${container} cannot be read: ${words}`)),
  } = options;
  await Promise.race([failed, readContainers(docker, stack, { ...options, onFailure }, onLine)]);
}

async function readContainers(
  docker: Docker,
  stack: string,
  options: HandledOptions,
  onLine: OnLine,
): Promise<void> {
  const { isFollowing, signal, haproxyName } = options;
  const filters = { label: [`${STACK_LABEL}=${stack}`] };
  const logs = new Map<string, ContainerLog>();
  const isWanted = (name: string, role: string | undefined): boolean =>
    isService(role) && (role !== "haproxy" || haproxyName === undefined || name === haproxyName);
  const logOf = (id: string, name: string): ContainerLog => {
    const log = logs.get(id) ?? new ContainerLog(docker.getContainer(id), name, options, onLine);
    logs.set(id, log);
    return log;
  };
  const readStarted = async (starts: NodeJS.ReadableStream): Promise<void> => {
    for await (const line of createInterface({ input: starts })) {
      const { Actor }: { Actor: { ID: string; Attributes: Record<string, string> } } = JSON.parse(line);
      const { name = Actor.ID, [ROLE_LABEL]: role } = Actor.Attributes;
      if (isWanted(name, role)) logOf(Actor.ID, name).read();
    }
  };
  const readListed = async (): Promise<void> => {
    for (const { Id, Names, Labels, State } of await docker.listContainers({
      all: true,
      filters,
      abortSignal: signal,
    })) {
      const name = Names[0]?.slice(1) ?? Id;
      if (!isWanted(name, Labels[ROLE_LABEL]) || logs.has(Id)) continue;
      if (isFollowing && State === "exited") logOf(Id, name).skip();
      else logOf(Id, name).read();
    }
  };
  try {
    // The watch begins before the list is made, so no container starts unseen in between.
    const starts = isFollowing
      ? await docker.getEvents({
          filters: { type: ["container"], event: ["start"], ...filters },
          abortSignal: signal,
        })
      : undefined;
    await Promise.all([starts && readStarted(starts), readListed()]);
  } catch (cause) {
    if (!signal.aborted)
      throw new EngineError(`the Docker engine does not tell which containers run: ${dockerWords(cause)}`, {
        cause,
      });
  }
  await Promise.all([...logs.values()].map(({ isRead }) => isRead));
}

type HandledOptions = LogOptions & Required<Pick<LogOptions, "onFailure">>;

const isService = (role: string | undefined): boolean => role === "app" || role === "haproxy";

/** A container's log. Its runs are read one after the other, so no line is told twice. */
class ContainerLog {
  readonly #container: Docker.Container;
  readonly #name: string;
  readonly #options: HandledOptions;
  readonly #onLine: OnLine;
  /** Time from which on no line is read yet. It is known when the lines before are read. */
  #since: Promise<string>;

  constructor(container: Docker.Container, name: string, options: HandledOptions, onLine: OnLine) {
    this.#container = container;
    this.#name = name;
    this.#options = options;
    this.#onLine = onLine;
    this.#since = Promise.resolve(String(options.sinceSeconds));
  }

  /** Is fulfilled when all that was asked for is read. */
  get isRead(): Promise<unknown> {
    return this.#since;
  }

  /** Reads the lines that there are and, when it follows, those that the present run will print. */
  read(): void {
    this.#enqueue(async (since) => {
      await this.#readLines(since);
      return this.#options.isFollowing ? this.#endOfRun() : since;
    });
  }

  /** Leaves out the lines of runs that have ended. */
  skip(): void {
    this.#enqueue(() => this.#endOfRun());
  }

  #enqueue(work: (since: string) => Promise<string>): void {
    const { signal, onFailure } = this.#options;
    this.#since = this.#since.then(async (since) => {
      try {
        return await work(since);
      } catch (error) {
        if (!signal.aborted && !isGone(error)) onFailure(this.#name, dockerWords(error));
        return since;
      }
    });
  }

  async #readLines(since: string): Promise<void> {
    const { isFollowing, signal } = this.#options;
    const query = { stdout: true, stderr: true, since, abortSignal: signal } as const;
    const lines = new PassThrough();
    if (isFollowing) {
      const stream = await this.#container.logs({ ...query, follow: true });
      this.#container.modem.demuxStream(stream, lines, lines);
      stream.on("end", () => lines.end()).on("error", (error) => lines.destroy(error));
    } else {
      for (const part of demultiplex(await this.#container.logs({ ...query, follow: false })))
        lines.write(part);
      lines.end();
    }
    for await (const line of createInterface({ input: lines })) this.#onLine(this.#name, line);
  }

  /** Tells when the last run ended. All lines of the next run are later. */
  async #endOfRun(): Promise<string> {
    const { State } = await this.#container.inspect({ abortSignal: this.#options.signal });
    return unixTime(State.FinishedAt);
  }
}

/** Whether an error says that a container is gone, or is being removed. */
const isGone = (error: unknown): boolean => hasStatus(error, 404) || hasStatus(error, 409);

/** Converts Docker's time to seconds since 1970, to the nanosecond. Docker's word for never gives 0. */
export function unixTime(time: string): string {
  const [, nanoseconds = "0"] = /\.(\d+)Z$/.exec(time) ?? [];
  return `${Math.max(0, Math.floor(Date.parse(time) / 1000))}.${nanoseconds}`;
}
