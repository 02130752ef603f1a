import type { HealthCheck } from "../../stack/health-check.ts";
import { malformed } from "./runtime-error.ts";

/** How HAProxy answers when its config has no such map, as one of an older Balancer. */
export const NO_SUCH_MAP = /^Unknown map identifier\. .*$/;

const ENTRY = /^0x[0-9a-f]+ ([!-~]+) (.+)$/;
/** Somebody may have put any text there by hand. */
const STRANGE = /[^!-~]/g;

/** What the map has for a server: `/ready|localhost`. */
export const checkValue = ({ path, host }: HealthCheck): string => `${path}|${host}`;

/** The same of what a config tells. */
export const valueIn = (text: string): string => text.slice(0, text.lastIndexOf("|"));

/** How a config checks servers, as it tells it: `/ready|localhost|200-399`. */
export const checkText = (check: HealthCheck): string => `${checkValue(check)}|${check.status}`;

/** Whether a config takes the statuses of a check for ready; one that does not tell is taken to. */
export const takesStatus = (text: string | undefined, { status }: HealthCheck): boolean =>
  text === undefined || text.endsWith(`|${status}`);

/**
 * Reads the answer of `show map`: how servers are checked instead of as the config says, by server.
 * @throws {RuntimeError} of kind `malformed`, with HAProxy's words, when it is anything else
 */
export function parseCheckValues(reply: string): Map<string, string> {
  const values = new Map<string, string>();
  if (NO_SUCH_MAP.test(reply.trim())) return values;
  for (const line of reply.split("\n").filter((each) => each !== "")) {
    const [, server, value] = ENTRY.exec(line) ?? [];
    if (server === undefined || value === undefined) throw malformed("show map", reply);
    if (!values.has(server)) values.set(server, value.replaceAll(STRANGE, "?")); // of twins the first counts
  }
  return values;
}
