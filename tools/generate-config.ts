// Writes what the schema of the config says to Pulumi.yaml and docs/config.md: `npm run generate`.
import { readFileSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import type { Key } from "../src/stack/config-keys.ts";
import { CONFIG_KEYS } from "../src/stack/schema.ts";

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
 * that there need not be has no type, since Pulumi would refuse either the list or the text; nor has what may
 * be a map or a number.
 */
function declared({ initial, isJson, isMixed }: Key) {
  if (isMixed || (initial === "" && isJson)) return { default: initial };
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

${SECTIONS.map(section).join("\n\n")}
`;

/** A part of the document, by what its keys are for. */
interface Section {
  readonly title: string;
  readonly keys: readonly string[];
  readonly about?: string;
}

/** Every key is in the first section that names it, or an object that it is in. */
export const SECTIONS: readonly Section[] = [
  { title: "The stack", keys: ["mode", "count", "subnet", "drainTimeout", "readyTimeout", "logDriver"] },
  { title: "The app's image", keys: ["app.image", "app.pull", "app.platform"], about: "See docs/engine.md." },
  {
    title: "Its check",
    keys: ["app.readyPath", "app.check"],
    about: "How HAProxy finds out whether an app container is ready.",
  },
  { title: "Its load", keys: ["balance", "app.maxConnections"] },
  { title: "Its containers", keys: ["app"], about: "See docs/app.md and SECURITY.md." },
  {
    title: "Its sessions",
    keys: ["session"],
    about: "What a session is, and how long it is remembered, see docs/sessions.md.",
  },
  {
    title: "Its answers",
    keys: ["timeouts", "retries", "haproxy.buffer"],
    about: "How long HAProxy waits, and when it repeats a GET, HEAD or OPTIONS on another server.",
  },
  {
    title: "In front of it",
    keys: ["bind", "ports", "trustedProxies", "proxyProtocol", "accessLog", "tls"],
    about: "See docs/in-front.md and docs/tls.md. Ports are the first balancer's; the n-th adds n − 1.",
  },
  {
    title: "A guest at the door",
    keys: ["limits"],
    about: "What one client may ask for, see docs/in-front.md.",
  },
  { title: "Updates of the app", keys: ["rollout"] },
  {
    title: "The balancers",
    keys: ["balancers", "haproxyImage", "haproxy"],
    about: "See docs/several-balancers.md.",
  },
  {
    title: "Many machines",
    keys: ["engine", "machines", "swarm", "slots"],
    about: "One Docker engine, or the machines of a Docker Swarm, see docs/swarm.md.",
  },
  { title: "The runtime API by mutual TLS", keys: ["runtimeTls"], about: "See docs/tls.md." },
  {
    title: "Monitoring",
    keys: ["monitoring", "prometheusImage", "grafanaImage"],
    about: "See docs/monitoring.md.",
  },
];

/** The keys of a section, in the order of the schema. */
export const keysOf = (section: Section): string[] =>
  [...CONFIG_KEYS.keys()].filter((key) => SECTIONS.find(({ keys }) => names(keys, key)) === section);

const names = (keys: readonly string[], key: string): boolean =>
  keys.some((each) => key === each || key.startsWith(`${each}.`));

const section = (each: Section): string =>
  [
    `## ${each.title}`,
    ...(each.about === undefined ? [] : [linked(each.about)]),
    table([...CONFIG_KEYS].filter(([key]) => keysOf(each).includes(key))),
  ].join("\n\n");

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

const linked = (text: string): string =>
  text
    .replaceAll(/docs\/([\w-]+\.md)/g, "[$1]($1)")
    .replaceAll(/SECURITY\.md(?!\))/g, "[SECURITY.md](../SECURITY.md)");

if (process.argv[1] === import.meta.filename) {
  for (const { file, text } of generated()) writeFileSync(file, text);
}
