import pc from "picocolors";

/** A stream that may be a terminal. */
export interface MaybeTerminal {
  readonly isTTY?: boolean | undefined;
}

/** Whether a stream is a terminal. A pipe or a file has no such property. */
export const isTerminal = (stream: MaybeTerminal): boolean => stream.isTTY === true;

/** Picks a stream's colours: none unless it is a terminal, not even in CI, where picocolors has some. */
export const coloursOf = (stream: MaybeTerminal): ReturnType<typeof pc.createColors> =>
  pc.createColors(pc.isColorSupported && isTerminal(stream));

/**
 * Writes the rows of a table as lines. Cells hold no control characters.
 * @param words Count of the first columns that hold words. The others hold numbers, which are aligned to the
 *   right.
 */
export function alignColumns(rows: readonly (readonly string[])[], words = Number.POSITIVE_INFINITY) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cells = (row: readonly string[]): string[] =>
    row.map((cell, column) =>
      column < words ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
  return rows.map((row) => cells(row).join("  ").trimEnd());
}

/** Writes JSON in ASCII alone, because JSON itself leaves control characters beyond ASCII as they are. */
export const asciiJson = (value: unknown, indent = 0): string =>
  JSON.stringify(value, undefined, indent).replaceAll(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
