import fc from "fast-check";

/**
 * What ends, escapes, hides or begins something in haproxy.cfg, a runtime command, a shell, a terminal or
 * JavaScript.
 */
const TRAPS: readonly string[] = [
  ...[
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\t",
    "\x0b",
    "\x1b[2J",
    "\x7f",
    "\x9b31m",
    "\u2028",
    "\u202e",
    "\ud800",
    "\ufeff",
    " ",
    "  ",
  ],
  ...[
    ";",
    "\\",
    "<<",
    "#",
    '"',
    "'",
    "`",
    "$HOME",
    "$(id)",
    "%[src]",
    "%{+json}o",
    "{{stack}}",
    "{port}",
    "&&",
    "|",
    "*",
    "?",
    "..",
    "//",
  ],
  ...[
    "\n    server x 6.6.6.6:80",
    "; shutdown sessions server webservers/s1",
    " state maint",
    "\nbackend x",
    " # ",
    "\n.if 1",
    "@master reload",
  ],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "-1",
    "0x10",
    "1e9",
    "1.5",
    "NaN",
    "Infinity",
    "٣",
    "null",
    "true",
    "[]",
    "{}",
    '""',
    "99999999999999999999",
  ],
  ...[
    "a".repeat(300),
    "9".repeat(400),
    "é",
    "😀",
    "%00",
    "%0a",
    "127.0.0.1",
    "10.0.0.0/8",
    "/",
    ":",
    "=",
    ",",
    "@",
    "-",
    "_",
    ".",
    "1",
    "a",
    "Z",
  ],
];

const trap = fc.constantFrom(...TRAPS);

/** Text of any kind. */
export const garbage: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.oneof(trap, fc.string({ maxLength: 5 })), { maxLength: 6 })
      .map((parts) => parts.join("")),
  },
  { weight: 1, arbitrary: trap },
  { weight: 1, arbitrary: fc.json() },
);

/**
 * A good text that was tampered with in a few places: something put in, left out, repeated or exchanged for
 * something else.
 */
export function tampered(good: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const piece = fc.oneof(
    trap,
    fc.string({ unit: "binary", maxLength: 3 }),
    fc.string({ minLength: 1, maxLength: 2 }),
    fc.constant(""),
  );
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    gone: fc.nat(3),
    piece,
    isRepeated: fc.boolean(),
  });
  return fc.tuple(good, fc.array(edit, { maxLength: 4 })).map(([text, edits]) =>
    edits.reduce((changed, { at, gone, piece: added, isRepeated }) => {
      const start = Math.floor(at * changed.length);
      const end = Math.min(changed.length, start + gone);
      return (
        changed.slice(0, start) +
        added +
        (isRepeated ? changed.slice(start, end).repeat(2) : "") +
        changed.slice(end)
      );
    }, text),
  );
}

/** Mostly what tries to look right. */
export const nearly = (...good: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...good) },
    { weight: 6, arbitrary: tampered(fc.constantFrom(...good)) },
    { weight: 3, arbitrary: garbage },
  );

/**
 * What drives a terminal, or turns around what it shows; line ends apart, where a message has several lines.
 */
export const UNPRINTABLE = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;
