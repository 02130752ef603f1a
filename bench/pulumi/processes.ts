import { readdirSync, readFileSync } from "node:fs";
import { setInterval } from "node:timers";

/** A process that ends between two looks is told with what it had at the last. */
const LOOK_MS = 20;
/** Of the kernel's clock, in which it counts processor time. Linux has had 100 on all machines for long. */
const TICKS_PER_SECOND = 100;

/** What the processes of an update are, by their command lines. */
const KINDS = {
  "Pulumi's CLI": /\/bin\/pulumi (up|preview)\b/,
  "language host": /pulumi-language-nodejs/,
  program: /@pulumi\/pulumi\/cmd\/run/,
  "Balancer's provider (refresh and sync as well)": /\/provider\/main\.ts/,
  "Docker's provider": /pulumi-resource-docker/,
} as const;

/** Part of an update. */
export type ProcessKind = keyof typeof KINDS;

interface Seen {
  readonly parent: number;
  readonly ticks: number;
}

/** Watches a process and all that it starts, until it is disposed of. */
export class ProcessWatch {
  #timer: NodeJS.Timeout | undefined;
  readonly #ticks = new Map<string, { kind: ProcessKind | undefined; ticks: number }>();

  start(root: number): void {
    this.#timer = setInterval(() => this.#look(root), LOOK_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** Seconds of processor that each kind has had, and of what is none of them. */
  get seconds(): ReadonlyMap<ProcessKind | "other", number> {
    const seconds = new Map<ProcessKind | "other", number>();
    for (const { kind = "other", ticks } of this.#ticks.values())
      seconds.set(kind, (seconds.get(kind) ?? 0) + ticks / TICKS_PER_SECOND);
    return seconds;
  }

  #look(root: number): void {
    const all = readProcesses();
    for (const [pid, { ticks }] of all) {
      if (!isOf(root, pid, all)) continue;
      const kind = kindOf(pid) ?? this.#ticks.get(pid)?.kind;
      this.#ticks.set(pid, { kind, ticks });
    }
  }
}

/** Whether a process is the root or comes from it. */
function isOf(root: number, pid: string, all: ReadonlyMap<string, Seen>): boolean {
  for (let at = Number(pid); at > 1; at = all.get(String(at))?.parent ?? 0) if (at === root) return true;
  return false;
}

function readProcesses(): ReadonlyMap<string, Seen> {
  const processes = new Map<string, Seen>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    // The name before it is in brackets, and may hold anything.
    const fields = read(`/proc/${pid}/stat`)
      .replace(/^.*\) /s, "")
      .split(" ");
    processes.set(pid, { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) });
  }
  return processes;
}

function kindOf(pid: string): ProcessKind | undefined {
  const line = read(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
  return (Object.keys(KINDS) as ProcessKind[]).find((kind) => KINDS[kind].test(line));
}

/** Empty when the process has ended. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
