import type { Haproxy } from "./client.ts";
import { COMMANDS, type Command } from "./command.ts";
import { noAnswer, runLines, runRaw } from "./connection.ts";
import { RuntimeError } from "./runtime-error.ts";
import type { RunningServer } from "./state.ts";

/** A line of a stick table. */
export type StickEntry = Readonly<ReturnType<typeof parseStickEntry>>;

/** A session and the server that it is on. */
export interface Session extends Pick<StickEntry, "key"> {
  /** Name of the server, which HAProxy may have no longer. */
  readonly server: string;
  /** Undefined in hash mode, where nothing is remembered. */
  readonly expiresMs: number | undefined;
}

/**
 * Reads the sessions of the stick table as they come, so that a table of any size may be read. In HAProxy's
 * order, which is none.
 * @param running the servers that HAProxy has, for entries that tell only an id
 * @param id one session id, as the client sends it; all sessions without it
 * @throws {RuntimeError} of kind `refused` when there is no such table
 */
export async function* readStickySessions(
  { endpoint, backend: table }: Haproxy,
  running: readonly RunningServer[],
  id?: string,
): AsyncGenerator<Session> {
  const command = id === undefined ? COMMANDS.showTable(table) : COMMANDS.showTableKey(table, id);
  const names = new Map(running.map((server) => [server.id, server.name]));
  let isFirst = true;
  for await (const line of runLines(endpoint, command)) {
    if (isFirst) {
      sizeOf(line, command);
      isFirst = false;
      continue;
    }
    const { key, server, serverId, expiresMs } = parseStickEntry(line);
    yield { key, server: server ?? names.get(serverId) ?? `id ${serverId}`, expiresMs };
  }
}

/** All that a HAProxy remembers of sessions. */
export interface StickTable {
  readonly entries: ReadonlyMap<string, StickEntry>;
  /** Whether each new session makes HAProxy forget another. */
  readonly isFull: boolean;
}

/**
 * Reads a whole stick table, which is kept: quicker than line by line.
 * @throws {RuntimeError} as {@link readStickySessions}
 */
export async function readStickTable({ endpoint, backend: table }: Haproxy): Promise<StickTable> {
  const command = COMMANDS.showTable(table);
  const [head = "", ...lines] = (await runRaw(endpoint, command, TABLE_TIMEOUT_MS)).split("\n");
  const size = sizeOf(head, command);
  if (lines.splice(-2).join("") !== "") throw noAnswer(endpoint, command);
  return {
    entries: new Map(lines.map(parseStickEntry).map((entry) => [entry.key, entry])),
    isFull: lines.length >= size,
  };
}

const TABLE_TIMEOUT_MS = 30_000;

/** Reads how many entries a table has room for, from the first line of it. */
function sizeOf(head: string, command: Command): number {
  const size = /^# table: .* size:(\d{1,15}),/.exec(head)?.[1];
  if (size === undefined)
    throw new RuntimeError("refused", `HAProxy answered "${command}" with ${JSON.stringify(head)}`);
  return Number(size);
}

/**
 * Reads how many sessions the stick table remembers; undefined when there is no such table.
 * @throws {RuntimeError}
 */
export const countStickySessions = async (haproxy: Haproxy): Promise<number | undefined> =>
  parseTableUse(await haproxy.ask(COMMANDS.showTables()), haproxy.backend);

/** Reads in the answer of `show table` how many entries a table has. Undefined if there is no such table. */
export function parseTableUse(reply: string, table: string): number | undefined {
  for (const line of reply.split("\n")) {
    const [, name, used] = /^# table: ([\w.:-]+), .* used:(\d{1,15})\b/.exec(line) ?? [];
    if (name === table) return Number(used);
  }
  return undefined;
}

const KEY = /key=((?:[!-<>-[\]-~]|\\(?:x[0-9A-F]{2}|[tnre\\ =]))*)/;
const SERVER = /server_id=(\d{1,15}) server_key=([!-~]+)/;
const ENTRY = new RegExp(`^0x[0-9a-f]+: ${KEY.source} use=\\d+ exp=(\\d{1,15}) (?:.* )?${SERVER.source}$`);

/**
 * Reads a line of `show table`.
 * @throws {RuntimeError} of kind `malformed` when it is anything else
 */
export function parseStickEntry(line: string) {
  const [, key, expires, id, server] = ENTRY.exec(line) ?? [];
  if (key === undefined || server === undefined)
    throw new RuntimeError("malformed", `HAProxy answered "show table" with ${JSON.stringify(line)}`);
  return {
    /**
     * The client's session id as HAProxy spells it: printable ASCII without a space, everything else escaped
     * by a backslash. Clients choose their ids, so nothing else may be printed.
     */
    key,
    /** Name of the server that the session sticks to; undefined where the entry tells only its id. */
    server: server === "-" ? undefined : server,
    serverId: Number(id),
    /** Until the entry is forgotten, unless the session is used before. */
    expiresMs: Number(expires),
  };
}

const LETTERS: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", e: "\u001b" };

const SPELLINGS: ReadonlyMap<number, string> = new Map(
  [..."\t\n\r\u001b\\ ="].map((char, index) => [char.charCodeAt(0), `\\${"tnre\\ ="[index]}`]),
);

/** A session id as HAProxy spells it. */
export const keyOf = (id: string): string =>
  Array.from(Buffer.from(id), (byte) => {
    const isPlain = byte > 0x20 && byte < 0x7f;
    return (
      SPELLINGS.get(byte) ??
      (isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase().padStart(2, "0")}`)
    );
  }).join("");

/** The session id that a key spells, as the client sent it; undefined when its bytes are no UTF-8. */
export function sessionIdOf(key: string): string | undefined {
  const bytes = key.replaceAll(/\\(x[0-9A-F]{2}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (LETTERS[code] ?? code),
  );
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, "latin1"));
  } catch {
    return undefined; // a client may send any bytes
  }
}
