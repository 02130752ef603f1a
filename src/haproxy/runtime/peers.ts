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
}

/**
 * Asks a HAProxy for the balancers that it shares its stick table with.
 * @throws {RuntimeError}
 */
export const readPeers = async (haproxy: Haproxy): Promise<Peer[]> =>
  parsePeers(await haproxy.ask(COMMANDS.showPeers()));

/**
 * Reads the answer of `show peers` for the remote peers; the local one only matters while HAProxy reloads.
 * @throws {RuntimeError} of kind `malformed`, with HAProxy's words, when it is anything else
 */
export function parsePeers(reply: string): Peer[] {
  const lines = reply.split("\n").filter((line) => line !== "");
  if (lines.length > 0 && !/^0x[0-9a-f]+: .* id=\S+ disabled=/.test(lines[0] ?? ""))
    throw malformed("show peers", reply);
  return lines
    .filter((line) => /^ {2}0x[0-9a-f]+: id=/.test(line))
    .flatMap((line) => {
      const [, name, place, address, appState, lastStatus] =
        /id=([\w.-]+)\((local|remote),\w+\) addr=([!-~]+) app_state=(\w+) .*last_status=(\w+)/.exec(line) ??
        [];
      if (name === undefined || address === undefined || lastStatus === undefined)
        throw malformed("show peers", line);
      return place === "local"
        ? []
        : [{ name, address, isConnected: appState === "RUNNING" && lastStatus === "ESTA", lastStatus }];
    });
}
