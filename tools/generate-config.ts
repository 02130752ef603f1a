// Writes what the schema of the config says to Pulumi.yaml and docs/config.md: `npm run generate`.
import { readFileSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import type { Key } from "../src/stack/config-keys.ts";
import { CONFIG_GROUPS, CONFIG_KEYS } from "../src/stack/schema.ts";

const PROJECT_FILE = new URL("../Pulumi.yaml", import.meta.url);
const DOCUMENT = new URL("../docs/config.md", import.meta.url);

/** The generated files as they should be. */
export const generated = (): readonly { readonly file: URL; readonly text: string }[] => [
  { file: PROJECT_FILE, text: projectFile() },
  { file: DOCUMENT, text: document() },
];

/** Pulumi.yaml, in which everything from the line `config:` on is replaced. */
function projectFile(): string {
  const [head = ""] = readFileSync(PROJECT_FILE, "utf8").split(/^config:$/m);
  const config = Object.fromEntries(
    [...CONFIG_KEYS].map(([name, key]) => [name, { ...declared(key), description: key.description }]),
  );
  return head + stringify({ config }, { lineWidth: 0 });
}

/**
 * Numbers and truths are declared as texts, so that Pulumi leaves it to the program to check them. A list
 * that there need not be has no type, since Pulumi would refuse either the list or the text.
 */
function declared({ initial, isJson }: Key) {
  if (initial === "" && isJson) return { default: initial };
  if (Array.isArray(initial)) return { type: "array", items: { type: "string" }, default: initial };
  return typeof initial === "object"
    ? { type: "object", default: initial }
    : { type: "string", default: String(initial) };
}

const document = (): string => `# Config keys

<!-- Written by \`npm run generate\` from src/stack/schema.ts. -->

\`npx pulumi config set KEY VALUE\`, for a key with a dot \`npx pulumi config set --path KEY VALUE\`. Every
mistake is reported at \`preview\`, all at once. The committed stack \`hash\` has a \`mode\`, a \`subnet\` and
\`ports\` of its own: [stacks/Pulumi.hash.yaml](../stacks/Pulumi.hash.yaml).

## The stack

${table([...CONFIG_KEYS].filter(([name]) => !name.includes(".")))}
${[...CONFIG_GROUPS]
  .map(
    ([group, { description }]) => `
## \`${group}\`

${linked(description)}

${table([...CONFIG_KEYS].filter(([name]) => name.slice(0, name.lastIndexOf(".")) === group))}`,
  )
  .join("\n")}
`;

const table = (keys: readonly (readonly [string, Key])[]): string =>
  [
    "| key | default | allowed | meaning |",
    "| --- | --- | --- | --- |",
    ...keys.map(([name, { initial, allowed, description }]) => {
      const value = typeof initial === "object" ? JSON.stringify(initial) : String(initial);
      const shown = value === "" ? "nothing" : `\`${value}\``;
      return `| \`${name}\` | ${shown} | ${plain(allowed)} | ${linked(plain(description))} |`;
    }),
  ].join("\n");

const plain = (text: string): string => text.replaceAll(/[|~*]/g, "\\$&");

const linked = (text: string): string => text.replaceAll(/docs\/([\w-]+\.md)/g, "[$1]($1)");

if (process.argv[1] === import.meta.filename) {
  for (const { file, text } of generated()) writeFileSync(file, text);
}
