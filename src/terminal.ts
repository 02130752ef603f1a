import pc from "picocolors";

/** Whether a stream is a terminal; a pipe or a file has no such property. */
export const isTerminal = (stream: NodeJS.WriteStream): boolean => stream.isTTY === true;

/** Colours of a stream: none where it is no terminal, not even in CI, where picocolors alone would colour. */
export const coloursOf = (stream: NodeJS.WriteStream): ReturnType<typeof pc.createColors> =>
  pc.createColors(pc.isColorSupported && isTerminal(stream));

/**
 * Rows of a table, each as a line. Cells hold no control characters.
 * @param words how many of the first columns are words; the others are numbers, which stand to the right
 */
export function alignColumns(rows: readonly (readonly string[])[], words = Number.POSITIVE_INFINITY): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cells = (row: readonly string[]): string[] =>
    row.map((cell, column) => (column < words ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)));
  return rows.map((row) => cells(row).join("  ").trimEnd());
}

/** Characters that drive a terminal or change the order of what it shows; a tab and the end of a line do neither. */
const CONTROLS = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Makes what others wrote safe for a terminal: control characters are shown as `\x1b`, tabs and line ends stay. */
export const showControls = (text: string): string =>
  text.replaceAll(CONTROLS, (char) => {
    if (char === "\t" || char === "\n") return char;
    const code = char.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, "0")}`;
  });

/** What others wrote, for a message: safe for a terminal, and cut where it is long. */
export function excerpt(text: string, maxChars: number): string {
  const shown = showControls(text);
  return shown.length <= maxChars ? shown : `${shown.slice(0, maxChars - 1)}…`;
}

/** JSON in ASCII alone: JSON itself leaves control characters beyond ASCII as they are. */
export const asciiJson = (value: unknown, indent = 0): string =>
  JSON.stringify(value, undefined, indent).replaceAll(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
