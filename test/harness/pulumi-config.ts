import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { parseSettings } from "../../src/config/settings-parser.ts";
import { type ConfiguredSettings, type Settings, withPort } from "../../src/stack/settings.ts";

const ROOT = new URL("../../", import.meta.url);
const NAMESPACE = "balancer:";

type Tree = Record<string, unknown>;

/**
 * Values of a stack's config without the namespace: texts, or what `pulumi config set --path` makes of them.
 */
export type StackConfig = Readonly<Record<string, unknown>>;

const readYaml = (path: string): Tree => parse(readFileSync(new URL(path, ROOT), "utf8"));

const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const treeOf = (value: unknown): Tree => (isTree(value) ? value : {});

/** Keys of Pulumi.yaml with their defaults. */
export const PROJECT_DEFAULTS: ReadonlyMap<string, unknown> = new Map(
  Object.entries(treeOf(readYaml("Pulumi.yaml").config)).map(([key, declaration]) => [
    key,
    treeOf(declaration).default,
  ]),
);

/** A committed stack file's config. */
export function stackFile(stack: string): StackConfig {
  const entries = Object.entries(treeOf(readYaml(`stacks/Pulumi.${stack}.yaml`).config));
  return Object.fromEntries(entries.map(([key, value]) => [key.slice(NAMESPACE.length), value]));
}

/**
 * The config that Pulumi 3.256.0 hands to the program: defaults of Pulumi.yaml go to where their dotted key
 * points, unless the stack has a value there; below the top, texts that look like numbers and booleans become
 * such; objects are JSON.
 */
export function pulumiConfig(stackConfig: StackConfig = {}): Record<string, string> {
  const merged: Tree = structuredClone({ ...stackConfig });
  for (const [key, value] of [...PROJECT_DEFAULTS].sort(([a], [b]) => (a < b ? -1 : 1))) {
    place(merged, key.split("."), value);
  }
  return Object.fromEntries(
    Object.entries(merged).map(([key, value]) => [
      key,
      typeof value === "object" ? JSON.stringify(value) : String(value),
    ]),
  );
}

/** Puts a default where its path points, unless there is a value. */
function place(tree: Tree, [name = "", ...rest]: readonly string[], value: unknown, isTop = true): void {
  if (rest.length === 0) {
    tree[name] ??= isTop ? value : coerced(value);
    return;
  }
  const inside = { ...treeOf(tree[name]) };
  place(inside, rest, value, false);
  tree[name] = inside;
}

function coerced(value: unknown): unknown {
  if (value === "true" || value === "false") return value === "true";
  return typeof value === "string" && /^(-?[1-9]\d*|0)$/.test(value) ? Number(value) : value;
}

/** Settings of a stack with some values of its own and the defaults for the rest. */
export const settingsOf = (stackConfig: StackConfig = {}, stack = "demo"): Settings =>
  completed(parseSettings(stack, pulumiConfig(stackConfig)));

/** Settings with podinfo's port, where the image's own is not known. */
export const completed = (configured: ConfiguredSettings): Settings =>
  withPort(configured, configured.app.port ?? 9898);
