import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";

const SOURCES = join(import.meta.dirname, "../../src");

test("a file's name occurs once in src, so that it says which one is meant", () => {
  const names = globSync("**/*.ts", { cwd: SOURCES }).map((file) => basename(file));
  expect(names.length).toBeGreaterThan(100);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test("every file of src lies in a room", () => {
  expect(globSync("*", { cwd: SOURCES }).filter((name) => name.includes("."))).toEqual([]);
});
