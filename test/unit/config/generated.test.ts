import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generated } from "../../../tools/generate-config.ts";

test.each(generated())("$file.pathname is what `npm run generate` makes of the schema", ({ file, text }) => {
  expect(readFileSync(file, "utf8")).toBe(text);
});
