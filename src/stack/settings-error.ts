import { excerpt } from "./safe-text.ts";

/** One config value that is refused: which key, what was given, and what is allowed. */
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
    super(
      `the config of stack ${show(stack)} has ${mistakes.length} mistake${mistakes.length === 1 ? "" : "s"}:\n${lines.join("\n")}`,
    );
    this.mistakes = mistakes;
  }
}

/** Most of a value that a message tells. */
const MAX_VALUE_CHARS = 5_000;

/** As the value stood in the config. */
const show = (value: unknown): string =>
  value === undefined ? "nothing" : excerpt(JSON.stringify(value) ?? String(value), MAX_VALUE_CHARS);
