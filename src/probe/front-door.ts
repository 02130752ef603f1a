import pMap from "p-map";
import { Pool } from "undici";
import { SERVER_NAME } from "./mapping.ts";

/** So many requests are under way at a time, each on a connection that is kept. */
const CONCURRENCY = 32;
export const TIMEOUT_MS = 10_000;

/** Makes HAProxy name the server that answers. */
export const PROBE_HEADERS = { "X-Balancer-Probe": "1" } as const;
const SERVER_HEADER = "x-balancer-server";
const WHO_IS_TOLD = "HAProxy names it to this Docker host alone, in X-Balancer-Server";

/** An answer that came through a balancer. */
export interface Answer {
  readonly server: string;
  /** Values of `Set-Cookie`. */
  readonly cookies: readonly string[];
}

/** A certificate names a host, and the probe comes by address. What the probe sends is no secret. */
export const ANY_CERTIFICATE = { rejectUnauthorized: false } as const;

/** The HTTP or HTTPS port of a balancer, where clients come in. */
export class FrontDoor {
  readonly url: string;
  readonly #path: string;
  readonly #pool: Pool;

  /** @param path Path of every request. */
  constructor(url: string, path: string) {
    this.url = url;
    this.#path = path;
    this.#pool = new Pool(url, {
      connections: CONCURRENCY,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      connect: { timeout: TIMEOUT_MS, ...ANY_CERTIFICATE },
    });
  }

  /**
   * Sends one GET request. Nothing is repeated.
   * @throws {Error} The balancer cannot be reached, names no server, or answers 500 or more.
   */
  async get(headers: Readonly<Record<string, string>>): Promise<Answer> {
    const { status, server, cookies } = await this.#request(headers);
    const what = `${this.url}${this.#path} answers ${status}`;
    if (status >= 500) throw new Error(`${what}, from ${server ?? "no server"}; see npm run status`);
    if (server === undefined) throw new Error(`${what} without naming a server; ${WHO_IS_TOLD}`);
    return { server, cookies };
  }

  async #request(headers: Readonly<Record<string, string>>) {
    try {
      const response = await this.#pool.request({
        path: this.#path,
        method: "GET",
        headers: { ...PROBE_HEADERS, ...headers },
      });
      await response.body.dump();
      return {
        status: response.statusCode,
        server: serverIn(response.headers),
        cookies: [response.headers["set-cookie"] ?? []].flat(),
      };
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : cause;
      throw new Error(`the balancer at ${this.url} cannot be reached: ${why}; see npm run status`, { cause });
    }
  }

  /** Ends all connections. Requests under way fail. */
  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

/** Reads the server that HAProxy names. Undefined if it names none. */
export function serverIn(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): string | undefined {
  const server = headers[SERVER_HEADER];
  return typeof server === "string" && SERVER_NAME.test(server) ? server : undefined;
}

/** Works through a list, `CONCURRENCY` things at a time, and stops at the first failure. */
export const forEach = async <T>(
  things: readonly T[],
  work: (thing: T, index: number) => Promise<void>,
): Promise<void> => {
  await pMap(things, work, { concurrency: CONCURRENCY });
};
