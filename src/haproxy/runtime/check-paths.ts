import { malformed } from "./runtime-error.ts";

/** How HAProxy answers when its config has no such map, as one of an older Balancer. */
export const NO_SUCH_MAP = /^Unknown map identifier\. .*$/;

const ENTRY = /^0x[0-9a-f]+ ([!-~]+) (.+)$/;
/** Somebody may have put any text there by hand. */
const STRANGE = /[^!-~]/g;

/**
 * Reads the answer of `show map`: paths that servers are checked with instead of the config's, by server.
 * @throws {RuntimeError} of kind `malformed`, with HAProxy's words, when it is anything else
 */
export function parseCheckPaths(reply: string): Map<string, string> {
  const paths = new Map<string, string>();
  if (NO_SUCH_MAP.test(reply.trim())) return paths;
  for (const line of reply.split("\n").filter((each) => each !== "")) {
    const [, server, urlPath] = ENTRY.exec(line) ?? [];
    if (server === undefined || urlPath === undefined) throw malformed("show map", reply);
    if (!paths.has(server)) paths.set(server, urlPath.replaceAll(STRANGE, "?")); // of twins the first counts
  }
  return paths;
}
