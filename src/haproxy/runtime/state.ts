import { z } from "zod";
import { malformed } from "./runtime-error.ts";

/** Says what a running server is, so that Pulumi's state can keep it. */
export const RUNNING_SERVER = z.object({
  name: z.string(),
  id: z.number(),
  /** `-` for a slot that has none yet. */
  address: z.string(),
  port: z.number(),
  /** Whether it is a line of haproxy.cfg whose address follows a name; not there for any other. */
  isSlot: z.literal(true).optional(),
  /** What the operator wants of it: traffic, no new sessions but sticky ones, or nothing. */
  adminState: z.enum(["ready", "drain", "maint"]),
  /** Whether HAProxy sends it traffic, as far as its checks go. */
  isUp: z.boolean(),
  weight: z.number(),
  isChecked: z.boolean(),
  /** Whether it was defined with a check and an address; nothing gives it one later. */
  isMendable: z.boolean(),
  /** Whether the last health check passed; false as well while one is under way. */
  hasPassed: z.boolean(),
  /** Cookie value, where it was asked for; undefined for none. */
  cookie: z.string().optional(),
  /** How it is checked instead of as the config says, where it was asked for; undefined for no such thing. */
  check: z.string().optional(),
});

/** A server as the running HAProxy has it. */
export type RunningServer = Readonly<z.infer<typeof RUNNING_SERVER>>;
export type AdminState = RunningServer["adminState"];

/** Whether a server takes new sessions. */
export const isInRotation = ({
  isUp,
  adminState,
  weight,
}: Pick<RunningServer, "isUp" | "adminState" | "weight">): boolean =>
  isUp && adminState === "ready" && weight > 0;

const MAINT_BITS = 1 | 2 | 4;
/** Of a slot 4 says that the file had it so when the worker began, whatever somebody has set since. */
const SLOT_MAINT_BITS = 1 | 2;
const DRAIN_BITS = 8 | 16;
const CHECK_CONFIGURED_BIT = 2;
const CHECK_ENABLED_BIT = 4;
const OPERATIONAL_RUNNING = "2";
const CHECK_PASSED = "3";
const NO_RESULT = "0";
/** Names of the services that fill slots. A server that somebody defined by another name is none. */
const SLOT_HOST = /-(podinfo[1-9]\d*|standin)$/;
/** What HAProxy shows of an address that is not there. */
export const NONE = "-";
/** The same of a slot whose name has no address yet. */
const NOT_RESOLVED = "0.0.0.0";

/**
 * Reads the answer of `show servers state`.
 * @throws {RuntimeError} of kind `malformed`, with HAProxy's words, when it is anything else
 */
export function parseServersState(reply: string): RunningServer[] {
  const [version, header, ...lines] = reply.split("\n").filter((line) => line !== "");
  if (version !== "1" || header === undefined || !header.startsWith("# "))
    throw malformed("show servers state", reply);
  const names = header.slice(2).split(" ");
  return lines.map((line) => {
    const { word, number } = cellsOf("show servers state", line, names, line.split(" "));
    const isSlot = names.includes("srv_fqdn") && SLOT_HOST.test(word("srv_fqdn"));
    return {
      ...(isSlot && { isSlot }),
      name: word("srv_name"),
      id: number("srv_id"),
      address: isSlot && word("srv_addr") === NOT_RESOLVED ? NONE : word("srv_addr"),
      port: number("srv_port"),
      adminState: adminStateOf(number("srv_admin_state"), isSlot),
      isUp: word("srv_op_state") === OPERATIONAL_RUNNING,
      weight: number("srv_uweight"),
      isChecked: (number("srv_check_state") & CHECK_ENABLED_BIT) !== 0,
      isMendable:
        (number("srv_check_state") & CHECK_CONFIGURED_BIT) !== 0 && (isSlot || word("srv_addr") !== NONE),
      hasPassed: word("srv_check_result") === CHECK_PASSED,
    };
  });
}

/**
 * Makes the file of an answer of `show servers state` that the next worker reads. Results of checks are left
 * out: they would pass for its own.
 */
export function stateFileOf(reply: string): string {
  const [version = "", header = "", ...servers] = reply.split("\n").filter((line) => line !== "");
  const column = header.slice(2).split(" ").indexOf("srv_check_result");
  const lines = servers.map((line) => line.split(" ").with(column, NO_RESULT).join(" "));
  // A file whose last line has no end is taken for corrupted, all of it.
  return [version, header, ...lines, ""].join("\n");
}

function adminStateOf(bits: number, isSlot: boolean): AdminState {
  if ((bits & (isSlot ? SLOT_MAINT_BITS : MAINT_BITS)) !== 0) return "maint";
  return (bits & DRAIN_BITS) !== 0 ? "drain" : "ready";
}

/** What `show stat` adds: the words that HAProxy has for a server, and its sessions. */
export type ServerStats = Readonly<ReturnType<typeof parseServerStats>[number]>;

/**
 * Reads the answer of `show stat` for the servers of one backend.
 * @throws {RuntimeError} of kind `malformed`, with HAProxy's words, when it is anything else
 */
export function parseServerStats(reply: string) {
  const [header, ...lines] = reply.split("\n").filter((line) => line !== "");
  if (header === undefined || !header.startsWith("# pxname,svname,")) throw malformed("show stat", reply);
  const names = header.slice(2).split(",");
  return lines.map((line) => {
    const { cell, number } = cellsOf("show stat", line, names, splitCsv(line));
    return {
      name: cell("svname"),
      /** `UP`, `DOWN 1/2`, `MAINT`, `no check`, … */
      status: cell("status"),
      /** `L7OK`, `L4CON`, …; empty before the first check. */
      checkStatus: cell("check_status").replace(/^\* /, ""),
      /** HAProxy's words for the last check, such as `Connection refused`. */
      checkDescription: [cell("check_desc"), cell("last_chk")].filter((text) => text !== "").join(": "),
      /** The app's HTTP status for the last check; undefined where it gave none, and while a check runs. */
      checkCode: cell("check_code") === "" ? undefined : number("check_code") || undefined,
      checkDurationMs: cell("check_duration") === "" ? undefined : number("check_duration"),
      cookie: cell("cookie"),
      currentSessions: number("scur"),
      totalSessions: number("stot"),
    };
  });
}

/** Cells of a CSV line; HAProxy quotes those with a comma, a quote or a newline. */
function splitCsv(line: string): string[] {
  if (!line.includes('"')) return line.split(",");
  const cells = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return Array.from(cells, ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "");
}

/**
 * Reads the answer of `show servers conn`: connections of each server that carry a request or a WebSocket.
 * @throws {RuntimeError} of kind `malformed`, with HAProxy's words, when it is anything else
 */
export function parseServersConn(reply: string): Map<string, number> {
  const [header, ...lines] = reply.split("\n").filter((line) => line !== "");
  if (header === undefined || !header.startsWith("# bkname/svname"))
    throw malformed("show servers conn", reply);
  const names = header.slice(2).split(/\s+/);
  return new Map(
    lines.map((line) => {
      const { cell, number } = cellsOf("show servers conn", line, names, line.split(/\s+/));
      return [cell("bkname/svname", /^[!-~]+\/[!-~]+$/).split("/")[1] ?? "", number("used_cur")];
    }),
  );
}

/** A name, an address, or `-` for none. */
const WORD = /^[!-~]+$/;

const WHOLE_NUMBER = /^-?\d{1,15}$/;

/** Reads the cells of a line by the names of their columns. */
function cellsOf(command: string, line: string, names: readonly string[], cells: readonly string[]) {
  const cell = (name: string, shape?: RegExp): string => {
    const text = cells[names.indexOf(name)];
    if (text === undefined || shape?.test(text) === false) throw malformed(command, line);
    return text;
  };
  const word = (name: string): string => cell(name, WORD);
  const number = (name: string): number => Number(cell(name, WHOLE_NUMBER));
  return { cell, word, number };
}
