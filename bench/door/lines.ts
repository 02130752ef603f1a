import { BACKEND } from "../../src/stack/topology.ts";

/** Sections of haproxy.cfg that a request passes. */
const PASSED = new RegExp(`^(defaults web|frontend http |backend ${BACKEND} )`);

/** Something that the config does for requests, in one or more lines that need each other. */
export interface Group {
  /** The first of its lines. */
  readonly line: string;
  /** The config without them. */
  readonly rest: string;
}

/**
 * Takes a stack's config apart, by its comments and the parts that begin with one: what a request passes,
 * each left out alone. HAProxy refuses some of these configs.
 */
export function groupsOf(config: string): Group[] {
  const lines = config.split("\n");
  const groups: { readonly from: number; to: number }[] = [];
  let isPassed = false;
  for (const [index, line] of lines.entries()) {
    if (/^[a-z]/.test(line)) isPassed = PASSED.test(line);
    else if (isPassed && line.trim() !== "") {
      const [before = "", last] = [lines[index - 1], groups.at(-1)];
      const isOfLast = last?.to === index && /^\s+#/.test(lines[last.from - 1] ?? "");
      if (/^\s+(#|server|default_backend|bind|mode|timeout)/.test(line) || line.startsWith(".")) continue;
      if (isOfLast && !/^\s+#/.test(before)) last.to = index + 1;
      else groups.push({ from: index, to: index + 1 });
    }
  }
  return groups.map(({ from, to }) => ({
    line: (lines[from] ?? "").trim(),
    rest: lines.filter((_, index) => index < from || index >= to).join("\n"),
  }));
}
