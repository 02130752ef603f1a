import { CONFIG, CONFIG_KEYS, type Config } from "../stack/schema.ts";
import { type ConfiguredSettings, settingsFrom } from "../stack/settings.ts";
import { type Mistake, SettingsError } from "../stack/settings-error.ts";
import { findContradictions } from "./contradictions.ts";
import { decode, flatten, nest } from "./spelling.ts";

/**
 * Checks a stack's config as Pulumi hands it to a program.
 * @param stack the Pulumi stack's name; containers and networks carry it
 * @param texts all keys of the namespace with their texts; objects are JSON
 * @param secrets those of the keys that hold a secret, which no message tells
 * @throws {SettingsError} with every mistake at once
 */
export const parseSettings = (
  stack: string,
  texts: Readonly<Record<string, string>>,
  secrets: readonly string[] = [],
): ConfiguredSettings => checkSettings(stack, decode(texts), secrets);

/** Whether some value under a key is a secret, whether it is spelled `app: {env: …}` or `app.env`. */
export const holdsSecret = (key: string, secrets: readonly string[]): boolean =>
  secrets.some((secret) => `${secret}.`.startsWith(`${key}.`) || `${key}.`.startsWith(`${secret}.`));

/**
 * Checks what a program gives for a stack; what it leaves out has its default.
 * @param given keys in either spelling
 * @param secrets those of the keys that hold a secret, which no message tells
 * @throws {SettingsError} with every mistake at once
 */
export function checkSettings(
  stack: string,
  given: Readonly<Record<string, unknown>>,
  secrets: readonly string[] = [],
): ConfiguredSettings {
  const { values, unknown } = flatten(given);
  const { config, refused } = readConfig(values);
  const mistakes: Mistake[] = [
    ...(STACK_NAME.test(stack) ? [] : [{ key: "stack name", given: stack, allowed: STACK_NAME_WORDS }]),
    ...unknown,
    ...refused.map((key) => ({ key, given: values.get(key), allowed: CONFIG_KEYS.get(key)?.allowed ?? "" })),
    ...findContradictions(config, stack)
      .filter(({ key, beside }) => ![key, ...beside].some((each) => refused.includes(each)))
      .map(({ key, given, allowed }) => ({ key, given, allowed })),
  ];
  if (mistakes.length === 0) return settingsFrom(stack, config);
  throw new SettingsError(
    stack,
    mistakes.map((each) => (holdsSecret(each.key, secrets) ? { ...each, given: "[secret]" } : each)),
  );
}

const STACK_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,39}$/;
const STACK_NAME_WORDS = "1 to 40 letters, digits, '-', '_' and '.', first a letter or digit";

/** Reads every key. One that is refused has its default, so that the others can be looked at together. */
function readConfig(values: ReadonlyMap<string, unknown>): { config: Config; refused: readonly string[] } {
  const { data, error } = CONFIG.safeParse(nest(values));
  if (data !== undefined) return { config: data, refused: [] };
  const refused = [...new Set(error.issues.map(({ path }) => keyAt(path.map(String))))];
  const accepted = [...values].filter(([key]) => !refused.includes(key));
  return { config: CONFIG.parse(nest(accepted)), refused };
}

/** The key that a path in the config leads to, or into. */
function keyAt(path: readonly string[]): string {
  const paths = path.map((_, index) => path.slice(0, index + 1).join("."));
  return paths.find((each) => CONFIG_KEYS.has(each)) ?? path.join(".");
}
