import { isIPv4 } from "node:net";
import { MAX_COMMAND_CHARS, MAX_LINE_BYTES } from "../../stack/buffer-limits.ts";
import { isPem, type Pem } from "../../tls/certificate.ts";
import { CHECKS, PROBES } from "../container.ts";
import { RuntimeError } from "./runtime-error.ts";

/** A command line of the runtime API that is safe to send: one command, nothing else. */
export type Command = string & { readonly brand: unique symbol };

/** A command with a payload that ends with an empty line; it cannot share a line with others. */
export type PayloadCommand = string & { readonly payload: unique symbol };

/** A server in its backend, such as `webservers/s1`. */
export type ServerPath = string & { readonly server: unique symbol };

const NAME = /^[A-Za-z0-9_.:-]+$/;

/**
 * The one door for command lines. Newlines and `;` end a command, `\` escapes and `<<` begins a payload, so
 * none of them passes.
 * @throws {RuntimeError} of kind `refused`
 */
export function command(line: string): Command {
  const why = "control characters, ';', '\\' and '<<' are not allowed";
  if (!isCommand(line)) throw refused(line, `one runtime command: ${why}`);
  return line;
}

const refused = (given: unknown, what: string): RuntimeError =>
  new RuntimeError("refused", `${JSON.stringify(given)} is not ${what}`);

/** A user's line that is safe to send: commands joined by `;`, a backslash escapes, no second line. */
export type CommandLine = string & { readonly brand: unique symbol };

/**
 * Checks a line of the user's own. All that stays on the line passes.
 * @throws {RuntimeError} of kind `refused`
 */
export function commandLine(text: string): CommandLine {
  if (Buffer.byteLength(text) > MAX_LINE_BYTES || !isCommandLine(text)) {
    throw new RuntimeError(
      "refused",
      `command: ${JSON.stringify(text.slice(0, 200))} is refused; ` +
        `allowed: one line of up to ${MAX_LINE_BYTES} bytes, commands joined by ';', ` +
        "without control characters, a payload (<<) or a backslash at its end",
    );
  }
  return text;
}

function isCommandLine(text: string): text is CommandLine {
  const hasPayload = /(^|[\s;])<</.test(text);
  const escapesItsEnd = /(?<!\\)(\\\\)*\\$/.test(text);
  return text.trim() !== "" && !/[\p{Cc}\u2028\u2029]/u.test(text) && !hasPayload && !escapesItsEnd;
}

/**
 * The lines to send for a line of the user's own so that HAProxy tells the severity of each reply. The first
 * reply to each is the silent one to `set severity-output`, but for a line that the master process answers by
 * itself: it knows no severities.
 */
export function linesWithSeverity(
  line: CommandLine,
): { readonly line: CommandLine; readonly hasSeverity: boolean }[] {
  const text = line.trimStart(); // at the end a space may be escaped
  // `quit` ends what a `prompt` of the user's would keep open
  if (!text.startsWith("@")) return [{ line: extended(`${SEVERITY};${text};quit`), hasSeverity: true }];
  return commandsByProcess(text).map(({ process, command: words }) =>
    MASTER.has(process)
      ? { line: extended(`@master ${words}`), hasSeverity: false }
      : { line: extended(`@@${process} ${SEVERITY};${words}`), hasSeverity: true },
  );
}

const SEVERITY = "set severity-output number";
const MASTER: ReadonlySet<string> = new Set(["", "0", "master"]);

/** Reads a line as the master does: of `@1 a;b` it takes b itself, `@1;a;b` and `@@1 a;b` go to worker 1. */
function commandsByProcess(line: string): { readonly process: string; readonly command: string }[] {
  const [, worker, all] = /^@@(\S*)\s+(.*)$/.exec(line) ?? [];
  if (worker !== undefined && all !== undefined) return [{ process: worker, command: all }];
  let current = "master";
  return line.split(UNESCAPED_SEMICOLON).flatMap((part) => {
    const [, process, command = part.trimStart()] = /^\s*@(\S*)\s*(.*)$/.exec(part) ?? [];
    if (command !== "") return [{ process: process ?? current, command }];
    current = process ?? current;
    return [];
  });
}

const UNESCAPED_SEMICOLON = /(?<=(?<!\\)(?:\\\\)*);/;

/** A line that grew by what Balancer adds. */
function extended(line: string): CommandLine {
  if (!isCommandLine(line)) throw refused(line, "a line of commands");
  return line;
}

const isCommand = (line: string): line is Command =>
  /^[\u0020-\u003a\u003c-\u005b\u005d-\u007e]+$/.test(line) && !line.includes("<<");

/**
 * The door for the one command that has a payload: checked PEM, which has no empty line that would end it
 * early.
 * @throws {RuntimeError} of kind `refused`, without the payload
 */
function commandWithPem(line: string, pem: Pem): PayloadCommand {
  const text = `${command(line)} <<\n${pem}`;
  if (!isPem(pem) || !isPayloadCommand(text))
    throw new RuntimeError("refused", `the payload of ${JSON.stringify(line)} is not checked PEM`);
  return text;
}

const isPayloadCommand = (text: string): text is PayloadCommand => text.length < MAX_COMMAND_CHARS;

/** A command as it may be told: without a payload, which is secret. */
export const tellCommand = (line: Command | CommandLine | PayloadCommand): string =>
  line.split(" <<", 1)[0] ?? "";

/**
 * Joins a path from its two names.
 * @throws {RuntimeError} of kind `refused`
 */
export function serverPath(backend: string, server: string): ServerPath {
  const joined = `${backend}/${server}`;
  if (!isServerPath(joined)) throw refused(joined, "a server's name");
  return joined;
}

const isServerPath = (text: string): text is ServerPath =>
  text.split("/").length === 2 && text.split("/").every((name) => NAME.test(name));

/** Makes the check of a part of a command. */
const checked =
  (isAllowed: (text: string) => boolean, what: string) =>
  (text: string): string => {
    if (!isAllowed(text)) throw refused(text, what);
    return text;
  };

const identifier = checked((name) => NAME.test(name), "a HAProxy name");
const address = checked(isIPv4, "an IPv4 address");
/** A file that HAProxy knows by its path. */
const path = checked((text) => /^(\/[A-Za-z0-9._-]+)+$/.test(text), "a path");

/** A command with any text as one word: a backslash takes every character's meaning but a line's end. */
function commandWithText(start: Command, text: string, end = ""): Command {
  const line = `${start} ${text.replaceAll(/[^A-Za-z0-9_.:\u{80}-\u{10ffff}-]/gu, "\\$&")}${end}`;
  if (text === "" || !isOneLine(line)) throw refused(text, "a text of one line");
  return line;
}

const isOneLine = (line: string): line is Command => !/[\0\r\n]/.test(line);

const wholeNumber = (value: number, most: number, what: string): number => {
  if (!Number.isInteger(value) || value < 0 || value > most)
    throw new RuntimeError("refused", `${value} is not ${what}`);
  return value;
};

const MAX_WAIT_MS = 86_400_000;
const MAX_PID = 2 ** 22;
const MAX_SERVER_ID = 2 ** 31 - 1;

/** Every command that Balancer sends. */
export const COMMANDS = {
  prompt: () => command("prompt i"),
  showServersState: (backend: string) => command(`show servers state ${identifier(backend)}`),
  showServersConn: (backend: string) => command(`show servers conn ${identifier(backend)}`),
  showServerStats: (backend: string) => command(`show stat ${identifier(backend)} 4 -1`),
  showEnv: (variable: string) => command(`show env ${identifier(variable)}`),
  showTables: () => command("show table"),
  showTable: (table: string) => command(`show table ${identifier(table)}`),
  showTableKey: (table: string, key: string) =>
    commandWithText(command(`show table ${identifier(table)} key`), key),
  /** Uses a session's entry: HAProxy teaches it to its peers, even if it has this server already. */
  setTableServer: (table: string, key: string, serverId: number) =>
    commandWithText(
      command(`set table ${identifier(table)} key`),
      key,
      command(` data.server_id ${wholeNumber(serverId, MAX_SERVER_ID, "a server's id")}`),
    ),
  showInfo: () => command("show info"),
  showPeers: () => command("show peers"),
  addServer: (server: ServerPath, args: string) => command(`add server ${server} ${args} init-state down`),
  deleteServer: (server: ServerPath) => command(`del server ${server}`),
  enableHealth: (server: ServerPath) => command(`enable health ${server}`),
  disableHealth: (server: ServerPath) => command(`disable health ${server}`),
  setState: (server: ServerPath, state: "ready" | "drain" | "maint") =>
    command(`set server ${server} state ${state}`),
  setHealthUp: (server: ServerPath) => command(`set server ${server} health up`),
  setHealthDown: (server: ServerPath) => command(`set server ${server} health down`),
  setWeight: (server: ServerPath, weight: number) =>
    command(`set server ${server} weight ${wholeNumber(weight, 256, "a weight")}`),
  setAddress: (server: ServerPath, ip: string, port: number) =>
    command(`set server ${server} addr ${address(ip)} port ${wholeNumber(port, 65_535, "a port")}`),
  shutdownSessions: (server: ServerPath) => command(`shutdown sessions server ${server}`),
  waitRemovable: (server: ServerPath, delayMs: number) =>
    command(`wait ${wholeNumber(delayMs, MAX_WAIT_MS, "a delay")}ms srv-removable ${server}`),
  showCertificate: (file: string) => command(`show ssl cert ${path(file)}`),
  setCertificate: (file: string, pem: Pem) => commandWithPem(`set ssl cert ${path(file)}`, pem),
  commitCertificate: (file: string) => command(`commit ssl cert ${path(file)}`),
  abortCertificate: (file: string) => command(`abort ssl cert ${path(file)}`),
  addCheck: (server: string, value: string) =>
    commandWithText(command(`add map ${CHECKS} ${identifier(server)}`), value),
  deleteCheck: (server: string) => command(`del map ${CHECKS} ${identifier(server)}`),
  showChecks: () => command(`show map ${CHECKS}`),
  addProbe: (word: string) => command(`add map ${PROBES} ${identifier(word)} 1`),
  deleteProbe: (word: string) => command(`del map ${PROBES} ${identifier(word)}`),
  masterReload: () => command("@master reload"),
  masterShowProc: () => command("@master show proc"),
  /** For the master, which hands it on to the worker with this process id. */
  showServersConnOf: (pid: number, backend: string) =>
    command(`@!${wholeNumber(pid, MAX_PID, "a process id")} show servers conn ${identifier(backend)}`),
} as const;
