import ipaddr from "ipaddr.js";
import { z } from "zod";
import { appCapacity, MAX_BALANCERS, parseSubnet, type Subnet } from "./subnet.ts";

/** How HAProxy chooses a server: by cookie and stick table, or by a consistent hash of `X-Session-ID`. */
export type Mode = "sticky" | "hash";

/** The stack's config, checked. Every part of Balancer trusts these values. */
export interface Settings {
  readonly stack: string;
  readonly mode: Mode;
  /** How many app containers run. */
  readonly count: number;
  readonly app: {
    readonly image: string;
    /** TCP port on which the app listens. */
    readonly port: number;
    /** Path that answers 2xx or 3xx when the app is ready. */
    readonly readyPath: string;
    /** Words of the command; empty for the image's own. */
    readonly command: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
  /** How many HAProxy containers run. */
  readonly balancers: number;
  readonly haproxyImage: string;
  readonly subnet: Subnet;
  /** Host address of the HTTP port. */
  readonly bind: string;
  /** Host ports of the first balancer. */
  readonly ports: { readonly http: number; readonly runtime: number; readonly stats: number };
  readonly drainTimeoutMs: number;
  readonly readyTimeoutMs: number;
  readonly rollout: { readonly batch: BatchSize };
}

/** How many containers an app update replaces at a time: a number, or a share of all in percent. */
export type BatchSize = { readonly kind: "count"; readonly count: number } | { readonly kind: "share"; readonly percent: number };

/** One config value that is refused: which key, what was given, and what is allowed. */
export interface Mistake {
  readonly key: string;
  readonly given: unknown;
  readonly allowed: string;
}

/** The stack's config is refused. The message lists every mistake, one a line. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly mistakes: readonly Mistake[];

  constructor(stack: string, mistakes: readonly Mistake[]) {
    const lines = mistakes.map(
      ({ key, given, allowed }) => `  - ${/^[\w. ]+$/.test(key) ? key : show(key)}: ${show(given)} is refused; allowed: ${allowed}`,
    );
    super(`the config of stack ${show(stack)} has ${mistakes.length} mistake${mistakes.length === 1 ? "" : "s"}:\n${lines.join("\n")}`);
    this.mistakes = mistakes;
  }
}

/**
 * Checks a stack's config.
 * @param stack the Pulumi stack's name; containers and networks carry it
 * @param config all keys of the namespace with their texts, as Pulumi hands them to a program; objects are JSON
 * @throws {SettingsError} with every mistake at once
 */
export function parseSettings(stack: string, config: Readonly<Record<string, string>>): Settings {
  const mistakes: Mistake[] = [];
  if (!DOCKER_NAME.test(stack)) {
    mistakes.push({ key: "stack name", given: stack, allowed: "1 to 40 letters, digits, '-', '_' and '.', first a letter or digit" });
  }
  const { values, unknown } = flatten(config);
  mistakes.push(...unknown);
  const read = <K extends keyof typeof FIELDS>(key: K): z.output<(typeof FIELDS)[K]["schema"]> | undefined => {
    const field = FIELDS[key];
    const result = field.schema.safeParse(values.get(key));
    if (result.success) return result.data as z.output<(typeof FIELDS)[K]["schema"]>;
    mistakes.push({ key, given: values.get(key), allowed: field.allowed });
    return undefined;
  };
  const parsed = {
    mode: read("mode"),
    count: read("count"),
    image: read("app.image"),
    port: read("app.port"),
    readyPath: read("app.readyPath"),
    command: read("app.command"),
    env: read("app.env"),
    balancers: read("balancers"),
    haproxyImage: read("haproxyImage"),
    subnet: read("subnet"),
    bind: read("bind"),
    http: read("ports.http"),
    runtime: read("ports.runtime"),
    stats: read("ports.stats"),
    drainTimeoutMs: read("drainTimeout"),
    readyTimeoutMs: read("readyTimeout"),
    batch: read("rollout.batch"),
  };
  mistakes.push(...contradictions(parsed));
  if (mistakes.length > 0 || !isComplete(parsed)) throw new SettingsError(stack, mistakes);
  const { image, port, readyPath, command, env, http, runtime, stats, batch, ...rest } = parsed;
  const words = command.map((word) => word.replaceAll("{port}", String(port)));
  return { stack, ...rest, app: { image, port, readyPath, command: words, env }, ports: { http, runtime, stats }, rollout: { batch } };
}

const DOCKER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,39}$/;
const IMAGE = /^[a-z0-9]+([._:/-]+[a-zA-Z0-9]+)*_*(@sha256:[a-f0-9]{64})?$/;
const READY_PATH = /^\/[A-Za-z0-9._~/?=&%+,:@-]{0,255}$/;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const PLAIN_TEXT = /^[^\u0000-\u001f\u007f]*$/;

const wholeNumber = (least: number, most: number) =>
  z
    .union([z.number(), z.string().regex(/^\d{1,9}$/)])
    .transform(Number)
    .pipe(z.int().min(least).max(most));

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

const duration = (leastMs: number, mostMs: number) =>
  z
    .union([z.number().transform(String), z.string()])
    .pipe(z.string().regex(/^\d{1,7}(ms|s|m)?$/))
    .transform((text) => {
      const unit = /[ms]+$/.exec(text)?.[0] ?? "s";
      return Number.parseInt(text, 10) * (UNIT_MS[unit] ?? Number.NaN);
    })
    .pipe(z.int().min(leastMs).max(mostMs));

const batchSize = z
  .union([z.number().transform(String), z.string()])
  .pipe(z.string().regex(/^([1-9]\d{0,3}|([1-9]\d?|100)%)$/))
  .transform((text): BatchSize => {
    const number = Number.parseInt(text, 10);
    return text.endsWith("%") ? { kind: "share", percent: number } : { kind: "count", count: number };
  });

const isIPv4 = (text: string) => ipaddr.IPv4.isValidFourPartDecimal(text);

const PORT = { schema: wholeNumber(1024, 65535), allowed: "a whole number from 1024 to 65535" } as const;

const FIELDS = {
  mode: { schema: z.enum(["sticky", "hash"]), allowed: "sticky or hash" },
  count: { schema: wholeNumber(0, 1000), allowed: "a whole number from 0 to 1000, and no more than the subnet holds" },
  "app.image": { schema: z.string().max(255).regex(IMAGE), allowed: "a Docker image reference such as stefanprodan/podinfo:6.9.2" },
  "app.port": { schema: wholeNumber(1, 65535), allowed: "a whole number from 1 to 65535" },
  "app.readyPath": { schema: z.string().regex(READY_PATH), allowed: "a URL path such as /readyz, of letters, digits and ._~/?=&%+,:@-" },
  "app.command": {
    schema: z.array(z.string().min(1).max(4096).regex(PLAIN_TEXT)).max(256),
    allowed: "a list of words, none of them empty or with control characters",
  },
  "app.env": {
    schema: z.record(
      z.string().regex(ENV_NAME),
      z.union([z.string(), z.number(), z.boolean()]).transform(String).pipe(z.string().max(32_768).regex(PLAIN_TEXT)),
    ),
    allowed: "a map of names (letters, digits, _) to texts without control characters",
  },
  balancers: { schema: wholeNumber(1, 1), allowed: "1 (several balancers are not supported yet)" },
  haproxyImage: { schema: z.string().max(255).regex(IMAGE), allowed: "a Docker image reference such as haproxy:3.2" },
  subnet: {
    schema: z.string().transform((text, context) => {
      const subnet = parseSubnet(text);
      if (subnet === undefined) context.addIssue({ code: "custom", message: "not a subnet" });
      return subnet ?? z.NEVER;
    }),
    allowed: "a private IPv4 network of /16 to /28 by its first address, such as 172.28.10.0/24",
  },
  bind: { schema: z.string().refine(isIPv4), allowed: "an IPv4 address of the Docker host, such as 127.0.0.1 or 0.0.0.0" },
  "ports.http": PORT,
  "ports.runtime": PORT,
  "ports.stats": PORT,
  drainTimeout: { schema: duration(0, 86_400_000), allowed: "a time from 0s to 1440m, such as 500ms, 30s or 5m (a bare number is seconds)" },
  readyTimeout: { schema: duration(1_000, 3_600_000), allowed: "a time from 1s to 60m, such as 1500ms, 60s or 5m (a bare number is seconds)" },
  "rollout.batch": { schema: batchSize, allowed: "a whole number from 1 to 9999, or a share from 1% to 100%" },
} as const;

/** The keys that a stack's config may have. */
export const CONFIG_KEYS: readonly string[] = Object.keys(FIELDS);

const OBJECTS: ReadonlySet<string> = new Set(CONFIG_KEYS.filter((key) => key.includes(".")).map((key) => key.slice(0, key.indexOf("."))));

/**
 * Brings both spellings of a nested key to one: `app: {image: x}`, as `pulumi config set --path app.image x` writes it,
 * and the flat key `app.image` that the same command writes without `--path`. The flat one wins: a nested value may be
 * a default of Pulumi.yaml, a flat one never is.
 */
function flatten(config: Readonly<Record<string, string>>): { values: Map<string, unknown>; unknown: Mistake[] } {
  const values = new Map<string, unknown>();
  const unknown: Mistake[] = [];
  const place = (key: string, value: unknown): void => {
    if (CONFIG_KEYS.includes(key)) values.set(key, value);
    else unknown.push({ key, given: value, allowed: `no such key; the keys are ${CONFIG_KEYS.join(", ")}` });
  };
  const depth = (key: string): number => key.split(".").length;
  const flatLast = Object.entries(config).sort(([a], [b]) => depth(a) - depth(b));
  for (const [key, text] of flatLast) {
    if (OBJECTS.has(key)) {
      const nested = parseJson(text);
      if (!isRecord(nested)) unknown.push({ key, given: nested, allowed: `a map of ${childrenOf(key)}` });
      else for (const [child, value] of Object.entries(nested)) place(`${key}.${child}`, value);
    } else if (key.startsWith("app.env.")) {
      const env = values.get("app.env");
      values.set("app.env", { ...(isRecord(env) ? env : {}), [key.slice("app.env.".length)]: text });
    } else {
      place(key, key === "app.command" || key === "app.env" ? parseJson(text) : text);
    }
  }
  return { values, unknown };
}

const childrenOf = (key: string): string =>
  CONFIG_KEYS.filter((name) => name.startsWith(`${key}.`))
    .map((name) => name.slice(key.length + 1))
    .join(", ");

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // the field's schema refuses it, with the text as it was given
  }
}

interface Parsed {
  readonly count: number | undefined;
  readonly balancers: number | undefined;
  readonly subnet: Subnet | undefined;
  readonly http: number | undefined;
  readonly runtime: number | undefined;
  readonly stats: number | undefined;
}

/** Values that are fine alone and not together. */
function contradictions({ count, balancers, subnet, http, runtime, stats }: Parsed): Mistake[] {
  const mistakes: Mistake[] = [];
  if (count !== undefined && subnet !== undefined && count > appCapacity(subnet)) {
    mistakes.push({ key: "count", given: count, allowed: `0 to ${appCapacity(subnet)}, the app addresses of subnet ${subnet.cidr}` });
  }
  const ports = Object.entries({ "ports.http": http, "ports.runtime": runtime, "ports.stats": stats });
  const span = Math.min(balancers ?? 1, MAX_BALANCERS);
  for (const [index, [key, port]] of ports.entries()) {
    for (const [other, taken] of ports.slice(0, index)) {
      if (port === undefined || taken === undefined || Math.abs(port - taken) >= span) continue;
      mistakes.push({ key, given: port, allowed: `a port that ${other} (${taken}) does not use` });
    }
  }
  return mistakes;
}

type Complete<T> = { readonly [K in keyof T]: Exclude<T[K], undefined> };

const isComplete = <T extends object>(values: T): values is T & Complete<T> => Object.values(values).every((value) => value !== undefined);

/** As the value stood in the config; JSON makes control characters visible. */
const show = (value: unknown): string => (value === undefined ? "nothing" : (JSON.stringify(value) ?? String(value)));
