import { excerpt } from "./safe-text.ts";

/** A refused config value: its key, what was given, and what is allowed. */
export interface Mistake {
  readonly key: string;
  readonly given: unknown;
  readonly allowed: string;
}

/** The stack's config is refused. The message lists every mistake, one a line. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly mistakes: readonly Mistake[];

  constructor(stack: string, mistakes: readonly Mistake[]) {
    const lines = mistakes.map(
      ({ key, given, allowed }) =>
        `  - ${/^[\w. ]+$/.test(key) ? key : show(key)}: ${show(given)} is refused; allowed: ${allowed}`,
    );
    const count = `${mistakes.length} mistake${mistakes.length === 1 ? "" : "s"}`;
    super(`the config of stack ${show(stack)} has ${count}:\n${lines.join("\n")}`);
    this.mistakes = mistakes;
  }
}

/** A message quotes no more of a value. */
const MAX_VALUE_CHARS = 5_000;

/** Shows a value as it stood in the config. */
const show = (value: unknown): string =>
  value === undefined ? "nothing" : excerpt(JSON.stringify(value) ?? String(value), MAX_VALUE_CHARS);
