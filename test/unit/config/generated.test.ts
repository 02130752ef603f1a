import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CONFIG_KEYS } from "../../../src/stack/schema.ts";
import { generated, keysOf, SECTIONS } from "../../../tools/generate-config.ts";

test.each(generated())("$file.pathname is what `npm run generate` makes of the schema", ({ file, text }) => {
  expect(readFileSync(file, "utf8")).toBe(text);
});

test("every key is in one section of the document, and no section is empty", () => {
  const sections = SECTIONS.map(keysOf);
  expect(sections.flat().sort()).toEqual([...CONFIG_KEYS.keys()].sort());
  expect(sections.filter((keys) => keys.length === 0)).toEqual([]);
});

test("the README names keys that there are, with their defaults", () => {
  const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
  const [, config = ""] = readme.split("## Config\n");
  const rows = [...config.matchAll(/^\| `([\w.]+)` \| `([^`]+)`/gm)].map(([, key = "", value]) => [
    key,
    value,
  ]);
  expect(rows.length).toBeGreaterThan(5);
  expect(
    config
      .split("\n\n")
      .find((part) => part.startsWith("| key "))
      ?.match(/^\| `/gm),
  ).toHaveLength(10);
  expect(rows).toEqual(
    rows.map(([key = ""]) => {
      const initial = CONFIG_KEYS.get(key)?.initial;
      return [key, typeof initial === "object" ? JSON.stringify(initial) : String(initial)];
    }),
  );
});
