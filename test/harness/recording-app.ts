import { readStackLogs } from "../../src/docker/log-stream.ts";
import { buildNodeApp, removeImage } from "./node-app.ts";
import { type Config, docker, type RunningStack } from "./running-stack.ts";

const IMAGE = "e2e-recording-app";

/**
 * Config of a stack whose app answers any request, and prints each byte that it gets, in hexadecimal behind
 * the connection's number.
 */
export const RECORDING_APP: Config = { "app.image": IMAGE, "app.readyPath": "/readyz" };

/** Builds the app's image. */
export const buildRecordingApp = (): Promise<void> =>
  buildNodeApp(IMAGE, new URL("./recorder.ts", import.meta.url));

export const removeRecordingApp = (): Promise<unknown> => removeImage(IMAGE);

/** A request as an app got it. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly version: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Whether all of it came before the connection was closed. */
  readonly isWhole: boolean;
}

/** Everything that the stack's apps got, but HAProxy's own checks. */
export async function readRecord(stack: RunningStack): Promise<RecordedRequest[]> {
  const streams = new Map<string, string>();
  const signal = AbortSignal.timeout(60_000);
  const onLine = (container: string, line: string): void => {
    const [, connection, hex] = /^(\d+) ([0-9a-f]+)$/.exec(line) ?? [];
    if (connection === undefined || hex === undefined) return; // HAProxy's own log
    const key = `${container} ${connection}`;
    streams.set(key, (streams.get(key) ?? "") + Buffer.from(hex, "hex").toString("latin1"));
  };
  const onFailure = (container: string, words: string): void => {
    throw new Error(`the log of ${container} cannot be read: ${words}`);
  };
  await readStackLogs(docker, stack.name, { sinceSeconds: 0, isFollowing: false, signal, onLine, onFailure });
  return [...streams.values()].flatMap(readRequests).filter(({ path }) => path !== "/readyz");
}

/**
 * Reads the requests on a connection. All of it must be spelled in the one way that every program reads
 * alike.
 * @throws {Error} with what is spelled otherwise
 */
export function readRequests(stream: string): RecordedRequest[] {
  const requests: RecordedRequest[] = [];
  let rest = stream;
  while (rest !== "") {
    const head = HEAD.exec(rest);
    if (head === null) throw odd("request", rest);
    const [text, method = "", path = "", version = "", lines = ""] = head;
    const headers = [...lines.matchAll(/(.+?): (.*)\r\n/g)].map(
      ([, name = "", value = ""]) => [name, value] as const,
    );
    const body = rest.slice(text.length);
    const end = bodyLength(headers, body);
    requests.push({ method, path, version, headers, isWhole: end !== undefined });
    rest = body.slice(end ?? body.length);
  }
  return requests;
}

/** The values of a header. */
export const valuesOf = (headers: RecordedRequest["headers"], name: string): string[] =>
  headers.flatMap(([each, value]) => (each === name ? [value] : []));

const HEAD = /^([A-Z]+) (\S+) (HTTP\/1\.[01])\r\n((?:[a-z0-9-]+: [^\r\n\0]*\r\n)*)\r\n/;

/** How much of a text is a request's body; undefined when the text ends within it. */
function bodyLength(headers: RecordedRequest["headers"], text: string): number | undefined {
  const [lengths, codings] = [valuesOf(headers, "content-length"), valuesOf(headers, "transfer-encoding")];
  const [length = "0", coding = "chunked"] = [lengths[0], codings[0]];
  if (lengths.length + codings.length > 1 || !/^\d{1,18}$/.test(length) || coding !== "chunked")
    throw odd("framing", JSON.stringify(headers));
  if (codings.length === 1) return chunksLength(text);
  return Number(length) <= text.length ? Number(length) : undefined;
}

function chunksLength(text: string): number | undefined {
  let at = 0;
  while (text.indexOf("\r\n", at) !== -1) {
    const [line, size = ""] = /^([0-9a-f]{1,15})\r\n/i.exec(text.slice(at, at + 17)) ?? [];
    if (line === undefined) throw odd("chunk", text.slice(at));
    const end = at + line.length + Number.parseInt(size, 16);
    if (text.length < end + 2) return undefined;
    if (!text.startsWith("\r\n", end)) throw odd("end of a chunk", text.slice(at));
    at = end + 2;
    if (Number.parseInt(size, 16) === 0) return at;
  }
  return undefined;
}

const odd = (what: string, text: string): Error =>
  new Error(`a ${what} that not all programs read alike: ${JSON.stringify(text.slice(0, 500))}`);
