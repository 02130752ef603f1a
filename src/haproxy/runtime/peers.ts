import type { Haproxy } from "./client.ts";
import { COMMANDS } from "./command.ts";
import { malformed } from "./runtime-error.ts";

/** Another balancer, as a HAProxy sees it. */
export interface Peer {
  readonly name: string;
  /** `ip:port`. */
  readonly address: string;
  /** Whether they exchange the stick table at present. */
  readonly isConnected: boolean;
  /** HAProxy's word for the last attempt: `ESTA`, `NAME`, `NONE`, … */
  readonly lastStatus: string;
  /** So many changes of the stick table that were made here are not on their way to it yet. */
  readonly untaught: number;
  /** Whether one of the two still hands its whole table to the other, as after a start. */
  readonly isInLesson: boolean;
}

/**
 * Asks a HAProxy for the balancers that it shares its stick table with.
 * @throws {RuntimeError}
 */
export const readPeers = async (haproxy: Haproxy): Promise<Peer[]> =>
  parsePeers(await haproxy.ask(COMMANDS.showPeers()));

/** Whether nothing that either of the two knows is still to be taught. */
export const isInStep = ({ isConnected, untaught, isInLesson }: Peer): boolean =>
  isConnected && untaught === 0 && !isInLesson;

/**
 * Reads the answer of `show peers` for the remote peers; the local one only matters while HAProxy reloads.
 * @throws {RuntimeError} of kind `malformed`, with HAProxy's words, when it is anything else
 */
export function parsePeers(reply: string): Peer[] {
  const [head = "", ...blocks] = reply.split(/\n(?= {2}0x[0-9a-f]+: id=)/);
  if (head.trim() !== "" && !/^0x[0-9a-f]+: .* id=\S+ disabled=/.test(head))
    throw malformed("show peers", reply);
  return blocks.flatMap(parsePeer);
}

/** Our side of the lesson: being taught has a state, and teaching a flag. */
const TEACHES = 0x1;

function parsePeer(block: string): Peer[] {
  const [, name, place, address, words = ""] =
    /id=([\w.-]+)\((local|remote),\w+\) addr=([!-~]+) (app_state=.*)/.exec(block) ?? [];
  const [, appState, learnState, lastStatus] =
    /^app_state=(\w+) learn_state=(\w+) last_status=(\w+)/.exec(words) ?? [];
  if (name === undefined || address === undefined || lastStatus === undefined)
    throw malformed("show peers", block);
  if (place === "local") return [];
  const number = (pattern: RegExp): number => Number(pattern.exec(block)?.[1] ?? 0);
  const made = number(/ localupdate=(\d+)/);
  const isTeaching = (number(/^ {8}flags=(0x[0-9a-f]+)/m) & TEACHES) !== 0;
  return [
    {
      name,
      address,
      isConnected: appState === "RUNNING" && lastStatus === "ESTA",
      lastStatus,
      untaught: (made - number(/ last_pushed=(\d+)/)) >>> 0, // HAProxy's counters begin again at 2^32
      isInLesson: isTeaching || learnState !== "NOTASSIGNED",
    },
  ];
}
