import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { Agent } from "node:http";
import { userInfo } from "node:os";
import { join } from "node:path";
import { Duplex, type Readable, type Writable } from "node:stream";
import { MAX_BALANCERS } from "../stack/subnet.ts";

/** A Unix socket's path has at most 104 characters on some systems, and ssh adds 17 while it makes one. */
const MOST_SOCKET_CHARS = 104 - 17;

/**
 * As many requests are under way at a time: an sshd takes ten sessions by one connection. A config check
 * keeps one until its container ends and needs another for its start, so there is one more than there are
 * balancers.
 */
export const MOST_REQUESTS = MAX_BALANCERS + 1;

/** As many of them are kept for the next requests. */
const MOST_KEPT = 4;

/**
 * Options that have all programs of an update share one connection, which ends half a minute after the last
 * of them. Nobody is asked for a password: there is nobody at the providers' terminal.
 */
export function sshOptions(): string[] {
  const folder = join(userInfo().homedir, ".ssh");
  const socket = join(folder, "balancer-%C");
  const options = ["BatchMode=yes", "ConnectTimeout=30"];
  // %C becomes 40 characters
  if (socket.length + 38 <= MOST_SOCKET_CHARS) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    options.push("ControlMaster=auto", `ControlPath=${socket}`, "ControlPersist=30");
  }
  return options.flatMap((option) => ["-o", option]);
}

/** The part of an `ssh://` address that ssh takes: options, and the host. */
function sshTarget(address: URL): string[] {
  const { username, port, hostname } = address;
  return [
    ...(username === "" ? [] : ["-l", decodeURIComponent(username)]),
    ...(port === "" ? [] : ["-p", port]),
    "--",
    hostname.replace(/^\[|\]$/g, ""),
  ];
}

const hosts = new Map<string, Promise<string>>();

/** Asks ssh for the host behind an `ssh://` address, which may be a name of the user's in `~/.ssh/config`. */
export function sshHost(address: URL): Promise<string> {
  const known = hosts.get(address.href) ?? askHost(address);
  hosts.set(address.href, known);
  return known;
}

async function askHost(address: URL): Promise<string> {
  const child = spawn("ssh", ["-G", ...sshTarget(address)], { stdio: ["ignore", "pipe", "ignore"] });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    printed += chunk;
  });
  await new Promise<void>((resolve) => child.once("error", () => resolve()).once("close", () => resolve()));
  return /^hostname (.+)$/m.exec(printed)?.[1] ?? address.hostname;
}

/**
 * Reaches an engine as the docker command does by `ssh://`: by the standard input and output of
 * `docker system dial-stdio` on its host. So keys come from wherever ssh has them. A connection serves many
 * requests.
 */
export class DialStdioAgent extends Agent {
  readonly #words: readonly string[];

  constructor(address: URL, maxSockets: number) {
    super({ keepAlive: true, maxSockets, maxFreeSockets: MOST_KEPT });
    const path = decodeURIComponent(address.pathname).replace(/^\/$/, "");
    const docker = path === "" ? ["docker"] : ["docker", `--host=unix://${path}`];
    this.#words = [...sshOptions(), "-T", ...sshTarget(address), ...docker, "system", "dial-stdio"];
  }

  override createConnection(): Duplex {
    return new StdioSocket(spawn("ssh", [...this.#words], { stdio: ["pipe", "pipe", "pipe"] }));
  }
}

/** A child's input and output as the one socket that Node's HTTP takes them for. */
class StdioSocket extends Duplex {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #words = "";

  constructor(child: ChildProcessByStdio<Writable, Readable, Readable>) {
    super();
    this.#child = child;
    child.stdin.on("error", () => {}); // its end tells why
    child.stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      this.#words = `${this.#words}${chunk}`.slice(-2_000);
    });
    child.once("error", ({ message }) => this.destroy(new Error(`ssh cannot be run: ${message}`)));
    child.once("close", (code) => this.#end(code));
  }

  #end(code: number | null): void {
    const words = this.#words.trim().split("\n").at(-1) || `ssh ended with exit code ${code}`;
    if (code === 0) this.push(null);
    else this.destroy(new Error(words));
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#child.stdin.write(chunk, encoding, () => done()); // why it cannot be written is told at its end
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { stdin, stdout, stderr } = this.#child;
    for (const part of [stdin, stdout, stderr]) part.destroy();
    this.#child.kill();
    this.#child.unref(); // a program that takes its time to end keeps nobody
    done(error);
  }

  // What Node's HTTP asks of a socket: a process may end while one is kept for the next request.
  ref(): this {
    return this.#each("ref");
  }
  unref(): this {
    return this.#each("unref");
  }
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }

  #each(verb: "ref" | "unref"): this {
    const { stdin, stdout, stderr } = this.#child;
    for (const part of [this.#child, stdin, stdout, stderr]) {
      const method: unknown = Reflect.get(part, verb);
      if (typeof method === "function") Reflect.apply(method, part, []);
    }
    return this;
  }
}
