import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import { ROLE_LABEL, STACK_LABEL } from "./labels.ts";

/** Which lines to read. */
export interface LogOptions {
  /** Only lines since then, in seconds since 1970; 0 for all. */
  readonly sinceSeconds: number;
  /** Goes on with what is printed later, by containers that start later as well. */
  readonly isFollowing: boolean;
  readonly signal: AbortSignal;
}

/** Takes a line that a container printed. */
export type OnLine = (container: string, line: string) => void;

/** How many containers of a stack have a log, whether they run or not. */
export async function countContainers(docker: Docker, stack: string): Promise<number> {
  const found = await docker.listContainers({ all: true, filters: { label: [`${STACK_LABEL}=${stack}`] } });
  return found.filter(({ Labels }) => isService(Labels[ROLE_LABEL])).length;
}

/** Reads the logs of a stack's HAProxy and app containers; ends when all are read, or on the signal when it follows. */
export async function readStackLogs(docker: Docker, stack: string, options: LogOptions, onLine: OnLine): Promise<void> {
  const label = [`${STACK_LABEL}=${stack}`];
  const followed = new Map<string, Promise<void>>();
  const follow = (id: string, name: string, sinceSeconds: number): void => {
    const reading = readContainerLogs(docker, id, { ...options, sinceSeconds }, (line) => onLine(name, line)).finally(() => followed.delete(id));
    followed.set(id, reading);
  };
  // Watched before the list is made, so that no container starts in between.
  const joining = options.isFollowing
    ? watchStarts(docker, label, options.signal, (id, name) => followed.has(id) || follow(id, name, now()))
    : undefined;
  for (const { Id, Names, Labels } of await docker.listContainers({ all: !options.isFollowing, filters: { label } })) {
    if (isService(Labels[ROLE_LABEL])) follow(Id, Names[0]?.slice(1) ?? Id, options.sinceSeconds);
  }
  if (joining === undefined) await Promise.all(followed.values());
  else await joining;
}

const now = (): number => Math.floor(Date.now() / 1000) - 1;

const isService = (role: string | undefined): boolean => role === "app" || role === "haproxy";

async function readContainerLogs(
  docker: Docker,
  id: string,
  { sinceSeconds, isFollowing, signal }: LogOptions,
  onLine: (line: string) => void,
): Promise<void> {
  const query = { stdout: true, stderr: true, since: sinceSeconds } as const;
  const container = docker.getContainer(id);
  const lines = new PassThrough();
  const reading = (async () => {
    for await (const line of createInterface({ input: lines })) onLine(line);
  })();
  if (isFollowing) {
    const stream = await container.logs({ ...query, follow: true, abortSignal: signal });
    docker.modem.demuxStream(stream, lines, lines);
    stream.on("end", () => lines.end()).on("error", () => lines.end()); // the signal, or a container that went
  } else {
    for (const part of demultiplex(await container.logs({ ...query, follow: false }))) lines.write(part);
    lines.end();
  }
  await reading;
}

/** Docker puts eight bytes before each piece of a log that it sends whole; the last four tell its length. */
export function* demultiplex(log: Buffer): Generator<Buffer> {
  const header = 8;
  for (let at = 0; at + header <= log.length; ) {
    const length = log.readUInt32BE(at + 4);
    yield log.subarray(at + header, at + header + length);
    at += header + length;
  }
}

async function watchStarts(docker: Docker, label: string[], signal: AbortSignal, onStart: (id: string, name: string) => void): Promise<void> {
  const stream = await docker.getEvents({ filters: { type: ["container"], event: ["start"], label }, abortSignal: signal });
  try {
    for await (const line of createInterface({ input: stream })) {
      const { Actor }: { Actor: { ID: string; Attributes: Record<string, string> } } = JSON.parse(line);
      if (isService(Actor.Attributes[ROLE_LABEL])) onStart(Actor.ID, Actor.Attributes.name ?? Actor.ID);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
