import { CONFIG_GROUPS, CONFIG_KEYS } from "../stack/schema.ts";
import type { Mistake } from "../stack/settings-error.ts";

const NAMESPACE = "balancer:";

/** A config key without this project's namespace; undefined for another's. */
export const ownKey = (key: string): string | undefined =>
  key.startsWith(NAMESPACE) ? key.slice(NAMESPACE.length) : undefined;

/** Reads the JSON in Pulumi's config texts: of objects, and of keys that hold a list or a map. */
export const decode = (texts: Readonly<Record<string, string>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [
      key,
      CONFIG_GROUPS.has(key) || typeof CONFIG_KEYS.get(key)?.initial === "object" ? parseJson(text) : text,
    ]),
  );

/**
 * Brings both spellings of a nested key to one: `app: {image: x}`, as `pulumi config set --path app.image x`
 * writes it, and the flat key `app.image` that the same command writes without `--path`. The flat one wins: a
 * nested value may be a default of Pulumi.yaml, a flat one never is. Values that are undefined are left out.
 */
export function flatten(given: Readonly<Record<string, unknown>>): {
  values: Map<string, unknown>;
  unknown: Mistake[];
} {
  const values = new Map<string, unknown>();
  const unknown: Mistake[] = [];
  const place = (key: string, value: unknown): void => {
    if (CONFIG_KEYS.has(key)) values.set(key, value);
    else
      unknown.push({
        key,
        given: value,
        allowed: `no such key; the keys are ${[...CONFIG_KEYS.keys()].join(", ")}`,
      });
  };
  const depth = (key: string): number => key.split(".").length;
  const flatLast = Object.entries(given).sort(([a], [b]) => depth(a) - depth(b));
  for (const [key, value] of flatLast) {
    if (value === undefined) continue;
    const group = CONFIG_GROUPS.get(key);
    if (group !== undefined) {
      if (isRecord(value)) for (const [child, each] of Object.entries(value)) place(`${key}.${child}`, each);
      else unknown.push({ key, given: value, allowed: `a map of ${Object.keys(group.shape).join(", ")}` });
    } else if (key.startsWith("app.env.")) {
      const env = values.get("app.env");
      values.set("app.env", { ...(isRecord(env) ? env : {}), [key.slice("app.env.".length)]: value });
    } else {
      place(key, value);
    }
  }
  return { values, unknown };
}

/** The other way round: `app: {image: x}` of `app.image`. */
export function nest(values: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  const tree: Record<string, unknown> = Object.fromEntries(
    [...CONFIG_GROUPS.keys()].map((name) => [name, {}]),
  );
  for (const [key, value] of values) {
    const [top = "", child] = key.split(".");
    const group = tree[top];
    tree[top] = child === undefined ? value : { ...(isRecord(group) ? group : {}), [child]: value };
  }
  return tree;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // the field's schema refuses it, with the text as it was given
  }
}
