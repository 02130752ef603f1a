import pMap from "p-map";
import { Pool } from "undici";
import { callOf } from "../stack/checkout.ts";
import { messageOf } from "../stack/settled.ts";
import { SERVER_NAME } from "./mapping.ts";
import { poolByProxyProtocol } from "./proxy-protocol.ts";

/** So many requests are under way at a time, each on a connection that is kept. */
const CONCURRENCY = 32;
export const TIMEOUT_MS = 10_000;

/** HAProxy names the server that answers to who is on its Docker host, whatever word he has. */
export const ANY_WORD = "1";
/** Makes HAProxy name the server that answers. On a Swarm it wants to know the word. */
export const probeHeaders = (word: string) => ({ "X-Balancer-Probe": word });
const SERVER_HEADER = "x-balancer-server";
const WHO_IS_LIMITED = "the probe is a client, and limits.requests counts it";
const WHO_IS_TOLD = "HAProxy names it to this Docker host alone, in X-Balancer-Server";

/** A certificate names a host, and the probe comes by address. What the probe sends is no secret. */
export const ANY_CERTIFICATE = { rejectUnauthorized: false } as const;

/** What a request has besides its path. */
interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
}

/** The HTTP or HTTPS port of a balancer, where clients come in. */
export class FrontDoor {
  readonly url: string;
  readonly #path: string;
  readonly #word: string;
  readonly #pool: Pool;

  /**
   * @param path Path of every request.
   * @param proxyProtocol Whether the balancer expects the PROXY protocol.
   * @param word The probe's, where the balancer knows one.
   */
  constructor(url: string, path: string, proxyProtocol = false, word = ANY_WORD) {
    this.url = url;
    this.#path = path;
    this.#word = word;
    this.#pool = new Pool(url, {
      connections: CONCURRENCY,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      connect: proxyProtocol ? poolByProxyProtocol(TIMEOUT_MS) : { timeout: TIMEOUT_MS, ...ANY_CERTIFICATE },
    });
  }

  /**
   * Sends one GET request. Nothing is repeated.
   * @returns The server that answered, and the values of `Set-Cookie`.
   * @throws {Error} The balancer cannot be reached, names no server, or answers 500 or more.
   */
  async get(sent: Sent) {
    const { statusCode, headers: told } = await this.#request(sent);
    const server = serverIn(told);
    const what = `${this.url}${this.#path} answers ${statusCode}`;
    if (statusCode >= 500) throw new Error(`${what}, from ${server ?? "no server"}; see ${callOf("status")}`);
    const why = statusCode === 429 ? WHO_IS_LIMITED : WHO_IS_TOLD;
    if (server === undefined) throw new Error(`${what} without naming a server; ${why}`);
    return { server, cookies: [told["set-cookie"] ?? []].flat() };
  }

  async #request({ headers = {}, query = {} }: Sent) {
    try {
      const path = withQuery(this.#path, query);
      const all = { ...probeHeaders(this.#word), ...headers };
      const request = { path, method: "GET", headers: all } as const;
      const response = await this.#pool.request(request);
      await response.body.dump();
      return response;
    } catch (cause) {
      const why = messageOf(cause);
      throw new Error(`the balancer at ${this.url} cannot be reached: ${why}; see ${callOf("status")}`, {
        cause,
      });
    }
  }

  /** Ends all connections. Requests under way fail. */
  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

function withQuery(path: string, query: Readonly<Record<string, string>>): string {
  const words = new URLSearchParams(query).toString();
  return words === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${words}`;
}

/** Reads the server that HAProxy names. Undefined if it names none. */
export function serverIn(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): string | undefined {
  const server = headers[SERVER_HEADER];
  return typeof server === "string" && SERVER_NAME.test(server) ? server : undefined;
}

/** Works through a list, `CONCURRENCY` things at a time, and stops at the first failure. */
export const forEach = async <T>(things: readonly T[], work: (thing: T, index: number) => Promise<void>) => {
  await pMap(things, work, { concurrency: CONCURRENCY });
};
