/** Control characters, and characters that change the direction of text. */
const CONTROLS = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Makes foreign text safe for a terminal: control characters become `\x1b`, tabs and line ends stay. */
export const showControls = (text: string): string =>
  text.replaceAll(CONTROLS, (char) => {
    if (char === "\t" || char === "\n") return char;
    const code = char.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, "0")}`;
  });

/** Quotes foreign text in a message: it is made safe for a terminal, and cut if it is long. */
export function excerpt(text: string, maxChars: number): string {
  const shown = showControls(text);
  return shown.length <= maxChars ? shown : `${shown.slice(0, maxChars - 1)}…`;
}
