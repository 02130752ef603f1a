import { rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Haproxy } from "../../../../src/haproxy/runtime/client.ts";
import { parseServersState } from "../../../../src/haproxy/runtime/state.ts";
import type { Report } from "../../../../src/haproxy/servers/report.ts";
import type { StateFile } from "../../../../src/haproxy/servers/sync.ts";
import { BACKEND, type Server } from "../../../../src/stack/topology.ts";
import { checkOf } from "./declared-servers.ts";
import { FakeClock } from "./fake-clock.ts";
import { type Apps, FakeWorker, type LiveServer, type LoadedConfig } from "./fake-worker.ts";

interface FakeOptions {
  /** Servers of the worker that runs; up unless they have yet to start. */
  readonly running: readonly Server[];
  readonly revision?: string;
  /** What a reload loads; refused where it is undefined. */
  readonly file?: Partial<LoadedConfig> & { readonly servers: readonly Server[] };
  readonly refuses?: Apps["refuses"];
  /** How long an app takes until it is well; infinity for one that never is. */
  readonly startsInMs?: Readonly<Record<string, number>>;
  /** Which connections after a reload still reach the old worker. It listens until it has seen a signal. */
  readonly toOldWorker?: readonly number[];
}

let number = 0;

/** A HAProxy that answers over a unix socket: a master, its worker, and the workers of before a reload. */
export class FakeHaproxy {
  readonly clock = new FakeClock();
  /** Every command that changes something, and every line that was told; progress begins with three dots. */
  readonly transcript: string[] = [];
  readonly report: Report = (line, kind) => {
    this.transcript.push(kind === "progress" ? `… ${line}` : `= ${line}`);
  };
  readonly haproxy: Haproxy;
  worker: FakeWorker;
  oldWorkers: FakeWorker[] = [];
  connections = 0;
  readonly #options: FakeOptions;
  /** Puts what a worker shall know in place, as the next worker reads it. */
  readonly stateFile: StateFile = {
    write: async (text) => {
      const servers = parseServersState(text).map(({ name, isUp }) => `${name} ${isUp ? "up" : "down"}`);
      this.transcript.push(`state: ${servers.join(", ")}`);
    },
    remove: async () => {
      this.transcript.push("state: removed");
    },
  };
  readonly #apps: Apps;
  readonly #path = join(tmpdir(), `fake-haproxy-${process.pid}-${number++}.sock`);
  readonly #sockets = new Set<Socket>();
  readonly #scripted: { readonly command: RegExp; readonly happen: () => string | undefined }[] = [];
  readonly #server = createServer((socket) => this.#serve(socket));
  #sinceReload = 0;

  private constructor(options: FakeOptions) {
    this.#options = options;
    this.#apps = {
      startsInMs: new Map(Object.entries(options.startsInMs ?? {})),
      refuses: options.refuses ?? (() => undefined),
    };
    this.worker = this.#startWorker(100, { revision: options.revision ?? "r1", servers: options.running });
    for (const name of this.worker.servers.keys())
      this.worker.set(name, this.#apps.startsInMs.has(name) ? { trustedUntilMs: 0 } : { passesFromMs: 0 });
    this.haproxy = new Haproxy({ kind: "unix", path: this.#path }, BACKEND);
  }

  static async start(options: FakeOptions): Promise<FakeHaproxy> {
    const fake = new FakeHaproxy(options);
    await fake.listen();
    return fake;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.#path, resolve));
  }

  /** What somebody does just before HAProxy gets a command, once. */
  before(command: RegExp, happen: () => void): void {
    this.#scripted.push({
      command,
      happen: () => {
        happen();
        return undefined;
      },
    });
  }

  /** Answers a command so, once, and does not carry it out. */
  refuse(command: RegExp, words: string): void {
    this.#scripted.push({ command, happen: () => words });
  }

  /** Ends as a process that is killed: every connection breaks, and nobody listens. */
  async kill(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.haproxy.redial();
    if (this.#server.listening) await this.kill();
    rmSync(this.#path, { force: true });
  }

  /** What is known of a server of the worker that serves. */
  server(name: string): LiveServer | undefined {
    return this.worker.servers.get(name);
  }

  names = (): string[] => [...this.worker.servers.keys()].sort();

  #startWorker(
    pid: number,
    { revision = "r1", check = checkOf("/readyz"), servers }: NonNullable<FakeOptions["file"]>,
  ): FakeWorker {
    const worker = new FakeWorker(pid, { revision, check }, this.clock, this.#apps);
    worker.load(servers);
    return worker;
  }

  #serve(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    this.#sinceReload += 1;
    const isLate = this.#options.toOldWorker?.includes(this.#sinceReload) ?? false;
    const oldWorker = isLate ? this.oldWorkers.at(-1) : undefined;
    const worker = oldWorker ?? this.worker; // for as long as the connection lasts
    let rest = "";
    let isKept = false;
    socket.setEncoding("utf8").on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (piece: string) => {
      const lines = `${rest}${piece}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        isKept ||= line === "prompt i";
        const answers = line.split(";").map((command) => this.#answer(command, worker));
        socket.write(answers.map((answer) => (answer === "" ? "\n" : `${answer}\n\n`)).join(""));
        if (!isKept && !line.startsWith("@")) socket.end();
      }
    });
  }

  #answer(command: string, worker: FakeWorker): string {
    if (command === "prompt i") return "";
    const isLook = command.includes("show ");
    if (!isLook) this.transcript.push(command.replace(`${BACKEND}/`, ""));
    const index = this.#scripted.findIndex((script) => script.command.test(command));
    const scripted = index === -1 ? undefined : this.#scripted.splice(index, 1)[0]?.happen();
    if (scripted !== undefined) return scripted;
    if (command === "@master reload") return this.#reload();
    if (command === "@master show proc") return this.#processes();
    const [, pid, words = ""] = /^@!(\d+) (.*)$/.exec(command) ?? [];
    if (pid === undefined) return worker.answer(command);
    return this.oldWorkers.find((old) => old.pid === Number(pid))?.answer(words) ?? "";
  }

  #reload(): string {
    const { file } = this.#options;
    if (file === undefined)
      return "Success=0\n--\n[NOTICE] (1) : haproxy version is 3.2\n[ALERT] (1) : config : no";
    this.oldWorkers.push(this.worker);
    this.worker = this.#startWorker(this.worker.pid + 1, file);
    this.#sinceReload = 0;
    return "Success=1\n--\n[NOTICE] (1) : Loading success.";
  }

  #processes(): string {
    const old = this.oldWorkers.map(({ pid }) => `${pid} worker 1 0d00h00m00s 3.2.26-1`);
    const head = "#<PID> <type> <reloads> <uptime> <version>\n1 master 1 [failed: 0] 0d00h00m01s 3.2.26-1";
    return [head, "# workers", `${this.worker.pid} worker 0 0d 3.2.26-1`, "# old workers", ...old].join("\n");
  }
}
