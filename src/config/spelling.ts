import type { Mistake } from "../stack/settings-error.ts";
import { CONFIG_KEYS } from "./schema.ts";

const NAMESPACE = "balancer:";

/** A config key without this project's namespace; undefined for another's. */
export const ownKey = (key: string): string | undefined =>
  key.startsWith(NAMESPACE) ? key.slice(NAMESPACE.length) : undefined;

const OBJECTS: ReadonlySet<string> = new Set(
  CONFIG_KEYS.filter((key) => key.includes(".")).map((key) => key.slice(0, key.indexOf("."))),
);

/**
 * Brings both spellings of a nested key to one: `app: {image: x}`, as `pulumi config set --path app.image x` writes it,
 * and the flat key `app.image` that the same command writes without `--path`. The flat one wins: a nested value may be
 * a default of Pulumi.yaml, a flat one never is.
 */
export function flatten(config: Readonly<Record<string, string>>): {
  values: Map<string, unknown>;
  unknown: Mistake[];
} {
  const values = new Map<string, unknown>();
  const unknown: Mistake[] = [];
  const place = (key: string, value: unknown): void => {
    if (CONFIG_KEYS.includes(key)) values.set(key, value);
    else unknown.push({ key, given: value, allowed: `no such key; the keys are ${CONFIG_KEYS.join(", ")}` });
  };
  const depth = (key: string): number => key.split(".").length;
  const flatLast = Object.entries(config).sort(([a], [b]) => depth(a) - depth(b));
  for (const [key, text] of flatLast) {
    if (OBJECTS.has(key)) {
      const nested = parseJson(text);
      if (!isRecord(nested)) unknown.push({ key, given: nested, allowed: `a map of ${childrenOf(key)}` });
      else for (const [child, value] of Object.entries(nested)) place(`${key}.${child}`, value);
    } else if (key.startsWith("app.env.")) {
      const env = values.get("app.env");
      values.set("app.env", { ...(isRecord(env) ? env : {}), [key.slice("app.env.".length)]: text });
    } else {
      place(key, STRUCTURED.has(key) ? parseJson(text) : text);
    }
  }
  return { values, unknown };
}

/** Keys whose flat spelling holds JSON. */
const STRUCTURED: ReadonlySet<string> = new Set(["app.command", "app.env", "app.tmpfs", "app.capabilities"]);

const childrenOf = (key: string): string =>
  CONFIG_KEYS.filter((name) => name.startsWith(`${key}.`))
    .map((name) => name.slice(key.length + 1))
    .join(", ");

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // the field's schema refuses it, with the text as it was given
  }
}
