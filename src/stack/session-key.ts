/** Where a request has the id of its session. */
export interface SessionKey {
  readonly kind: "header" | "cookie" | "query";
  readonly name: string;
}

/** Reads `header NAME`, `cookie NAME` or `query NAME`. Any other text gives undefined. */
export function parseSessionKey(text: string): SessionKey | undefined {
  // A header with an underscore in its name never gets past HAProxy.
  const [, header] = /^header ([A-Za-z0-9-]{1,64})$/.exec(text) ?? [];
  if (header !== undefined) return { kind: "header", name: header };
  const [, kind, name] = /^(cookie|query) ([A-Za-z0-9_.-]{1,64})$/.exec(text) ?? [];
  if (name === undefined) return undefined;
  return { kind: kind === "cookie" ? "cookie" : "query", name };
}

/** The text that names it in the config. */
export const formatSessionKey = ({ kind, name }: SessionKey): string => `${kind} ${name}`;
