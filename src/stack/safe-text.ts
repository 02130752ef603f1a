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
