import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const PROJECT = join(import.meta.dirname, "../..");
const MOST_CHARS = 110;

/** A test may have a text in one line as somebody else writes it, such as HAProxy. */
const TEXT_OF_TEST = /^\s*(const [A-Z]+ = )?["'`/]|^ +0x/;

// Biome breaks code, but neither texts nor comments.
test.each([
  { what: "the program", in: ["*.ts", "{bench,bin,provider,src,tools}/**/*.{ts,js}"], but: /^$/ },
  { what: "the tests but a text", in: ["test/**/*.ts"], but: TEXT_OF_TEST },
])(`no line of $what has more than ${MOST_CHARS} characters`, ({ in: patterns, but }) => {
  const files = globSync(patterns, { cwd: PROJECT });
  const isLong = (line: string): boolean => line.length > MOST_CHARS && !but.test(line);
  const long = files.flatMap((file) =>
    readFileSync(join(PROJECT, file), "utf8")
      .split("\n")
      .flatMap((line, index) => (isLong(line) ? [`${file}:${index + 1}`] : [])),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(long).toEqual([]);
});
