import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { showControls } from "../../../src/stack/safe-text.ts";
import { asciiJson } from "../../../src/terminal/terminal.ts";

describe("text of others on a terminal", () => {
  test.each([
    ["a colour", "\u001b[31mred", "\\x1b[31mred"],
    ["a sequence of one character beyond ASCII", "\u009b2J", "\\x9b2J"],
    ["a carriage return that hides what is before it", "fine\rbad", "fine\\x0dbad"],
    ["a bell, a NUL and a delete", "\u0007\0\u007f", "\\x07\\x00\\x7f"],
    ["a change of direction", "abc\u202ecba", "abc\\u202ecba"],
    ["a line separator beyond ASCII", "a\u2028b", "a\\u2028b"],
  ])("shows %s", (_what, text, shown) => {
    expect(showControls(text)).toBe(shown);
  });

  test("keeps everything else, tabs and line ends too", () => {
    expect(showControls("a\tb\nžluť 😀 \\x1b")).toBe("a\tb\nžluť 😀 \\x1b");
  });

  test("never keeps a control character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(showControls(text).replaceAll(/[\t\n]/g, "")).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});

test("JSON is ASCII, and means what it meant", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const json = asciiJson({ [text]: text }, 2);
      expect(json).toMatch(/^[\n -~]*$/);
      expect(JSON.parse(json)).toEqual({ [text]: text });
    }),
  );
  expect(asciiJson("\u009b\u007f")).toBe('"\\u009b\\u007f"');
});
