import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const PROJECT = join(import.meta.dirname, "../..");
const MOST_CHARS = 110;

// Biome breaks code, but neither texts nor comments.
test(`no line of the program has more than ${MOST_CHARS} characters`, () => {
  const files = globSync(["*.ts", "{bench,bin,provider,src,tools}/**/*.{ts,js}"], { cwd: PROJECT });
  const isLong = (line: string): boolean => line.length > MOST_CHARS;
  const long = files.flatMap((file) =>
    readFileSync(join(PROJECT, file), "utf8")
      .split("\n")
      .flatMap((line, index) => (isLong(line) ? [`${file}:${index + 1}`] : [])),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(long).toEqual([]);
});
