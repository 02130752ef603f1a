/**
 * Texts of requests, one byte a character. `{path}` and `{smuggled}` stand for the paths of a request and of
 * the one that is hidden in it, `{length}` for the length of the body.
 */
export interface Family {
  readonly what: string;
  /**
   * Whether nothing of it may reach an app; what is let through reaches the app as one well-formed request.
   */
  readonly isRefused: boolean;
  /** Whether HAProxy finds out only when the client's time is over, and leaves it to the client to go. */
  readonly isRefusedLate?: boolean;
  readonly texts: readonly string[];
}

export const LENGTH = "Content-Length: {length}";
export const CHUNKS = "Transfer-Encoding: chunked";

/** A request for who takes the framing of another one to be something else. */
export const HIDDEN = "GET {smuggled} HTTP/1.1\r\nHost: a.test\r\n\r\n";
/** One that the balancer refuses where it sees it, so that an app only gets it past the balancer. */
export const FORBIDDEN =
  "GET {smuggled} HTTP/1.1\r\nHost: a.test\r\nX-Session-ID: 1\r\nX-Session-ID: 2\r\n\r\n";
/** An empty body for who believes in chunks, and one with a request in it for who does not. */
export const NO_CHUNK = `0\r\n\r\n${HIDDEN}`;

export const request = (start: string, lines: readonly string[], body = ""): string =>
  [start, "Host: a.test", ...lines, "", body].join("\r\n");
export const starting = (start: string): string => request(start, []);
export const get = (...lines: readonly string[]): string => request("GET {path} HTTP/1.1", lines);
export const post = (body: string, ...lines: readonly string[]): string =>
  request("POST {path} HTTP/1.1", lines, body);
export const chunked = (body: string): string => post(body, CHUNKS);
export const hosted = (host: string): string => `GET {path} HTTP/1.1\r\n${host}\r\n\r\n`;

/** The parts of a list that is written with ` | ` between them. */
export const list = (text: string): string[] => text.split(" | ");
