import { Agent, request } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "./until.ts";

/** Requests of each client without which a load says nothing. */
const AT_LEAST = 100;
/** Requests of each client that show what a change broke. */
const AFTERWARDS = 10;

/** A request that got no good answer. Times are in milliseconds since 1970. */
export interface Failure {
  readonly client: string;
  readonly sentAt: number;
  readonly failedAt: number;
  readonly cause: string;
}

/** What a load sent, and what went wrong. */
export interface LoadResult {
  readonly sent: number;
  /** Requests that another balancer answered, after the one that was asked first had not. */
  readonly failedOver: number;
  readonly failures: readonly Failure[];
  /** Requests that each app container answered, by its host name. */
  readonly answeredBy: ReadonlyMap<string, number>;
}

/** How clients behave. */
export interface LoadOptions {
  /** Clients at a time; each waits for an answer before it asks again. */
  readonly clients?: number;
  /** Pause of a client between two requests. A short one leaves less of the machine to what is tested. */
  readonly pauseMs?: number;
  readonly path?: string;
  /** Certificate of the authority that an `https:` balancer's own comes from. */
  readonly ca?: string;
}

/**
 * A constant load on a balancer: half of the clients keep their connection, half open a new one each time; a
 * third each sends a session id, keeps its cookie, or neither. One answer that is not 200 is a failure. Given
 * several balancers, clients divide over them, and one that gets no answer asks the others in turn before it
 * counts as failed.
 */
export class Load {
  readonly #urls: readonly string[];
  #failures: Failure[] = [];
  #answeredBy = new Map<string, number>();
  readonly #workers: Promise<void>[];
  readonly #ca: string | undefined;
  /** Requests that each client has behind it, well or not. */
  readonly #done: number[];
  #sent = 0;
  #failedOver = 0;
  #isRunning = true;

  constructor(
    url: string | readonly string[],
    { clients = 6, pauseMs = 30, path = "/", ca }: LoadOptions = {},
  ) {
    this.#ca = ca;
    this.#urls = [url].flat().map((base) => base + path);
    this.#done = Array.from({ length: clients }, () => 0);
    this.#workers = Array.from({ length: clients }, (_, index) => this.#client(index, pauseMs));
  }

  /** Waits a moment, in which every client asks again, so that what a change broke has the time to show. */
  async settle(): Promise<void> {
    const before = [...this.#done];
    await sleep(500);
    await until(async () => this.#done.every((done, index) => done - (before[index] ?? 0) >= AFTERWARDS));
  }

  /** Waits until so many requests were sent since the start, or since the last `take`. */
  async hasSent(count: number): Promise<void> {
    await until(async () => this.#sent >= count);
  }

  /** Ends the load, once each client has sent what it takes to say something, however slow the machine is. */
  async stop(): Promise<LoadResult> {
    await until(async () => this.#done.every((done) => done >= AT_LEAST));
    this.#isRunning = false;
    await Promise.all(this.#workers);
    return this.take();
  }

  /** What came since the start or the last call, while the load goes on. */
  take(): LoadResult {
    const result = {
      sent: this.#sent,
      failedOver: this.#failedOver,
      failures: this.#failures,
      answeredBy: this.#answeredBy,
    };
    this.#sent = 0;
    this.#failedOver = 0;
    this.#failures = [];
    this.#answeredBy = new Map();
    return result;
  }

  async #client(index: number, pauseMs: number): Promise<void> {
    const agent = index % 2 === 0 ? this.#keepingAgent() : undefined;
    const headers: Record<string, string> = index % 3 === 0 ? { "X-Session-ID": `client-${index}` } : {};
    while (this.#isRunning) {
      this.#sent += 1;
      const sentAt = Date.now();
      const fail = (cause: string): unknown =>
        this.#failures.push({ client: `client ${index}`, sentAt, failedAt: Date.now(), cause });
      try {
        const { status, cookie, body } = await this.#ask(index, headers, agent);
        if (status !== 200) fail(`status ${status}`);
        if (index % 3 === 1 && cookie !== undefined) headers.Cookie = cookie;
        const host = /"hostname": "(\w+)"/.exec(body)?.[1];
        if (host !== undefined) this.#answeredBy.set(host, (this.#answeredBy.get(host) ?? 0) + 1);
      } catch (error) {
        fail(causeOf(error));
      }
      this.#done[index] = (this.#done[index] ?? 0) + 1;
      await sleep(pauseMs);
    }
    agent?.destroy();
  }

  #keepingAgent(): Agent {
    const options = { keepAlive: true, maxSockets: 1 };
    return this.#ca === undefined ? new Agent(options) : new HttpsAgent({ ...options, ca: this.#ca });
  }

  async #ask(
    index: number,
    headers: Readonly<Record<string, string>>,
    agent: Agent | undefined,
  ): Promise<Answer> {
    const first = index % this.#urls.length;
    const [url = "", ...others] = [...this.#urls.slice(first), ...this.#urls.slice(0, first)];
    try {
      return await get(url, headers, agent, this.#ca);
    } catch (error) {
      for (const other of others) {
        const answer = await get(other, headers, undefined, this.#ca).catch(() => undefined);
        if (answer === undefined) continue;
        this.#failedOver += 1;
        return answer;
      }
      throw error;
    }
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection reset",
};

/** Why a request got no answer, in few words. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return ("code" in error ? CAUSES[String(error.code)] : undefined) ?? error.message;
}

/** An answer, with the part of `Set-Cookie` that a client sends back. */
export interface Answer {
  readonly status: number | undefined;
  readonly cookie: string | undefined;
  /** Name of the server that answered, told to those that send `X-Balancer-Probe`. */
  readonly server: string | undefined;
  readonly body: string;
}

/** One GET request; rejects when the connection breaks or nothing comes for 20 s. */
export function get(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  agent: Agent | false = false,
  ca?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith("https:") ? httpsRequest : request;
    const outgoing = send(
      url,
      { headers, agent, timeout: 20_000, ...(ca === undefined ? {} : { ca }) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const cookie = response.headers["set-cookie"]?.[0]?.split(";")[0];
          const server = response.headers["x-balancer-server"]?.toString();
          resolve({ status: response.statusCode, cookie, server, body: Buffer.concat(chunks).toString() });
        });
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer within 20 s")));
    outgoing.on("error", reject);
    outgoing.end();
  });
}

/** Which app container answers each session id. */
export const mapSessions = (url: string, ids: readonly string[]): Promise<Map<string, string>> =>
  mapEach(url, ids, {}, ({ body }) => /"hostname": "(\w+)"/.exec(body)?.[1]);

/** Which server answers each session id, as HAProxy tells its own host. */
export const mapServers = (url: string, ids: readonly string[]): Promise<Map<string, string>> =>
  mapEach(url, ids, { "X-Balancer-Probe": "1" }, ({ server }) => server);

async function mapEach(
  url: string,
  ids: readonly string[],
  headers: Readonly<Record<string, string>>,
  whoAnswered: (answer: Answer) => string | undefined,
): Promise<Map<string, string>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const entries = await Promise.all(
    ids.map(async (id) => {
      const answer = await get(url, { ...headers, "X-Session-ID": id }, agent);
      if (answer.status !== 200) throw new Error(`session ${id}: status ${answer.status}`);
      return [id, whoAnswered(answer) ?? "nobody"] as const;
    }),
  );
  agent.destroy();
  return new Map(entries);
}
