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
      CONFIG_GROUPS.has(key) ? parseJson(text) : listOrMap(key, text),
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
    if (value === undefined) return;
    const map = mapOf(key);
    if (CONFIG_GROUPS.has(key)) placeGroup(key, value);
    else if (CONFIG_KEYS.has(key)) values.set(key, listOrMap(key, value));
    else if (map !== undefined) values.set(map, withEntry(values.get(map), key.slice(map.length + 1), value));
    else unknown.push({ key, given: value, allowed: `no such key; the keys are ${ALL_KEYS}` });
  };
  const placeGroup = (key: string, value: unknown): void => {
    const names = Object.keys(CONFIG_GROUPS.get(key)?.shape ?? {});
    if (isRecord(value)) for (const [child, each] of flatLast(value)) place(`${key}.${child}`, each);
    else unknown.push({ key, given: value, allowed: `a map of ${names.join(", ")}` });
  };
  for (const [key, value] of flatLast(given)) place(key, value);
  return { values, unknown };
}

const ALL_KEYS = [...CONFIG_KEYS.keys()].join(", ");
const MAPS = [...CONFIG_KEYS].flatMap(([key, { initial }]) => (isRecord(initial) ? [key] : []));

/** The key of a map that a flat key leads into: `app.env` of `app.env.A`. */
const mapOf = (key: string): string | undefined => MAPS.find((map) => key.startsWith(`${map}.`));

const withEntry = (map: unknown, name: string, value: unknown) => ({
  ...(isRecord(map) ? map : {}),
  [name]: value,
});

/** `pulumi config set` can only write a list or a map that is inside an object as a text of JSON. */
function listOrMap(key: string, value: unknown): unknown {
  if (typeof value !== "string" || CONFIG_KEYS.get(key)?.isJson !== true) return value;
  const parsed = parseJson(value);
  return typeof parsed === "object" ? parsed : value;
}

const flatLast = (given: Readonly<Record<string, unknown>>): [string, unknown][] =>
  Object.entries(given).sort(([a], [b]) => depth(a) - depth(b));

const depth = (key: string): number => key.split(".").length;

/** The other way round: `app: {image: x}` of `app.image`. */
export function nest(values: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  const groups = new Map([["", tree]]);
  const put = (key: string, value: unknown): void => {
    const dot = key.lastIndexOf(".");
    const group = groups.get(key.slice(0, Math.max(0, dot)));
    if (group !== undefined) group[key.slice(dot + 1)] = value;
  };
  for (const key of CONFIG_GROUPS.keys()) {
    const group = {};
    put(key, group);
    groups.set(key, group);
  }
  for (const [key, value] of values) put(key, value);
  return tree;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // the field's schema refuses it, with the text as it was given
  }
}
