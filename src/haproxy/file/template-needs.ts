import { CONTAINER_PORTS } from "../../stack/container-ports.ts";
import type { Topology } from "../../stack/topology.ts";
import { CHECK_VARIABLE, PEER_VARIABLE, REVISION_VARIABLE, SOCKET_FOLDER, STATE_FILE } from "../container.ts";
import { RESOLVERS } from "./server-line.ts";
import { serverLines } from "./server-lines.ts";

/** A changed template lacks what Balancer needs of haproxy.cfg. The message is for the user. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

/**
 * Looks for the lines without which a HAProxy that starts cannot be kept in step. `haproxy -c` knows nothing
 * of them.
 * @throws {TemplateError} naming all that are missing
 */
export function checkNeeds(text: string, topology: Topology): void {
  const lines = Map.groupBy(
    text.split("\n").map((line) => line.trim()),
    startOf,
  );
  const isThere = (need: string): boolean =>
    lines.get(startOf(need))?.some((line) => line === need || line.startsWith(`${need} `)) === true;
  const missing = needsOf(topology).filter((need) => !isThere(need));
  if (missing.length === 0) return;
  const shown = missing.slice(0, MOST_SHOWN).map((need) => `\n  ${need}`);
  throw new TemplateError(
    `templates/ make a haproxy.cfg without what keeps it in step (README, "The template"):${shown.join("")}`,
  );
}

const MOST_SHOWN = 10;

/** Two words, which every need has: a line for each of a thousand servers is found by them. */
const startOf = (line: string): string => line.split(" ", 2).join(" ");

const needsOf = (topology: Topology): string[] => [
  `stats socket ${SOCKET_FOLDER}/admin.sock`,
  `setenv ${REVISION_VARIABLE}`,
  `setenv ${CHECK_VARIABLE}`,
  `localpeer "\${${PEER_VARIABLE}}"`,
  `server-state-file ${STATE_FILE}`,
  `bind :${CONTAINER_PORTS.runtime}`,
  `server worker unix@${SOCKET_FOLDER}/admin.sock`,
  `server master unix@${SOCKET_FOLDER}/master.sock`,
  `backend ${topology.backend.name}`,
  "load-server-state-from-file global",
  "http-check send meth GET uri-lf",
  ...(topology.swarm === undefined ? [] : [`resolvers ${RESOLVERS}`]),
  ...serverLines(topology).map((line) => `server ${line.name} ${line.arguments}`),
];
