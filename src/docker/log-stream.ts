import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import { dockerWords, EngineError, hasStatus } from "./engine-error.ts";
import { inspectExisting, listContainers } from "./engine-replies.ts";
import { ROLE_LABEL, STACK_LABEL } from "./labels.ts";
import { demultiplex } from "./multiplexed.ts";

/** Selects the lines to read, and is told them. */
export interface LogReading {
  /** Leaves out lines from before, in seconds since 1970. 0 leaves out none. */
  readonly sinceSeconds: number;
  /** Whether to go on with lines that are printed later, also by containers that start later. */
  readonly isFollowing: boolean;
  /** Ends the reading. That is no failure. */
  readonly signal: AbortSignal;
  /** Whether app containers are left out, of which a Swarm's manager tells. */
  readonly isOfHaproxyAlone?: boolean;
  /** Leaves out all HAProxy containers but the one with this name. */
  readonly haproxyName?: string | undefined;
  readonly onLine: (container: string, line: string) => void;
  /** Is told why a container's log cannot be read. The others go on, unless it throws. */
  readonly onFailure: (container: string, words: string) => void;
}

/** Counts the containers of a stack that have a log, whether they run or not. */
export async function countContainers(docker: Docker, stack: string): Promise<number> {
  const found = await listContainers(docker, { all: true, filters: ofStack(stack) });
  return found.filter(({ Labels }) => isService(Labels[ROLE_LABEL])).length;
}

/**
 * Reads the logs of a stack's HAProxy and app containers. It ends when all are read, or on the signal when it
 * follows.
 * @throws {EngineError} The engine does not list its containers.
 */
export async function readStackLogs(docker: Docker, stack: string, reading: LogReading): Promise<void> {
  const { sinceSeconds, isFollowing, signal, haproxyName, onFailure, isOfHaproxyAlone = false } = reading;
  // A container's runs are read one after the other, so no line is told twice. Of each container this has the
  // time from which on no line is read yet, which is known when the lines before are read.
  const logs = new Map<string, Promise<string>>();
  const read = (id: string, name: string, run: "started" | "ended"): void => {
    const container = docker.getContainer(id);
    const since = logs.get(id) ?? Promise.resolve(String(sinceSeconds));
    const done = since.then(async (time) => {
      try {
        if (run === "started") await readLines(container, name, time, reading);
        return isFollowing ? await endOfRun(container, signal) : time;
      } catch (error) {
        if (!signal.aborted && !isGone(error)) onFailure(name, dockerWords(error));
        return time;
      }
    });
    logs.set(id, done);
  };
  const isWanted = (name: string, role: string | undefined): boolean =>
    isService(role) &&
    !(isOfHaproxyAlone && role === "app") &&
    (role !== "haproxy" || haproxyName === undefined || name === haproxyName);
  const readStarted = async (starts: NodeJS.ReadableStream): Promise<void> => {
    for await (const line of createInterface({ input: starts })) {
      const { Actor }: { Actor: { ID: string; Attributes: Record<string, string> } } = JSON.parse(line);
      const { name = Actor.ID, [ROLE_LABEL]: role } = Actor.Attributes;
      if (isWanted(name, role)) read(Actor.ID, name, "started");
    }
  };
  const filters = ofStack(stack);
  const readListed = async (): Promise<void> => {
    const listed = await listContainers(docker, { all: true, filters, abortSignal: signal });
    for (const { Id, name, Labels, State } of listed) {
      if (isWanted(name, Labels[ROLE_LABEL]) && !logs.has(Id))
        read(Id, name, isFollowing && State === "exited" ? "ended" : "started");
    }
  };
  try {
    // The watch begins before the list is made, so no container starts unseen in between.
    const events = { type: ["container" as const], event: ["start"], ...filters };
    const starts = isFollowing && (await docker.getEvents({ filters: events, abortSignal: signal }));
    await Promise.all([starts && readStarted(starts), readListed()]);
  } catch (cause) {
    const what = `the Docker engine does not tell which containers run: ${dockerWords(cause)}`;
    if (!signal.aborted) throw new EngineError(what, { cause });
  }
  await Promise.all(logs.values());
}

const ofStack = (stack: string) => ({ label: [`${STACK_LABEL}=${stack}`] });

const isService = (role: string | undefined): boolean => role === "app" || role === "haproxy";

/** Reads the lines that there are and, when it follows, those that the present run will print. */
async function readLines(
  container: Docker.Container,
  name: string,
  since: string,
  { isFollowing, signal, onLine }: LogReading,
): Promise<void> {
  const query = { stdout: true, stderr: true, since, abortSignal: signal } as const;
  const lines = new PassThrough();
  if (isFollowing) {
    const stream = await container.logs({ ...query, follow: true });
    container.modem.demuxStream(stream, lines, lines);
    stream.on("end", () => lines.end()).on("error", (error) => lines.destroy(error));
  } else {
    for (const part of demultiplex(await container.logs({ ...query, follow: false }))) lines.write(part);
    lines.end();
  }
  for await (const line of createInterface({ input: lines })) onLine(name, line);
}

/** Tells when the last run ended. All lines of the next run are later. */
const endOfRun = async (container: Docker.Container, abortSignal: AbortSignal): Promise<string> =>
  unixTime((await inspectExisting(container, { abortSignal })).State.FinishedAt);

/** Whether an error says that a container is gone, or is being removed. */
const isGone = (error: unknown): boolean => hasStatus(error, 404) || hasStatus(error, 409);

/** Converts Docker's time to seconds since 1970, to the nanosecond. Docker's word for never gives 0. */
export function unixTime(time: string): string {
  const [, nanoseconds = "0"] = /\.(\d+)Z$/.exec(time) ?? [];
  return `${Math.max(0, Math.floor((Date.parse(time) || 0) / 1000))}.${nanoseconds}`;
}
