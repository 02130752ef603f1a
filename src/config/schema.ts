import { isIPv4 } from "node:net";
import { z } from "zod";
import type { BatchSize } from "../stack/batch-size.ts";
import { MAX_BALANCERS, parseSubnet } from "../stack/subnet.ts";

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

/** Of a map's value, Pulumi makes a boolean of what looks like one. */
const trueOrFalse = z
  .union([z.boolean().transform(String), z.string()])
  .pipe(z.enum(["true", "false"]))
  .transform((text) => text === "true");

const MIB: Readonly<Record<string, number>> = { m: 1, g: 1024 };

/** In MiB, which is what the Docker provider takes. */
const memory = (leastMb: number) =>
  z
    .string()
    .regex(/^\d{1,6}[mg]$/)
    .transform((text) => Number.parseInt(text, 10) * (MIB[text.slice(-1)] ?? Number.NaN))
    .pipe(
      z
        .int()
        .min(leastMb)
        .max(1024 * 1024),
    );

const PIDS = { schema: wholeNumber(16, 65_536), allowed: "a whole number from 16 to 65536" } as const;
const FILES = {
  schema: wholeNumber(1_024, 1_048_576),
  allowed: "a whole number from 1024 to 1048576, and no more than the engine may give",
} as const;

const PORT = { schema: wholeNumber(1024, 65535), allowed: "a whole number from 1024 to 65535" } as const;

/** What each key may be: a schema that reads it, and words for the user. */
export const FIELDS = {
  mode: { schema: z.enum(["sticky", "hash"]), allowed: "sticky or hash" },
  count: {
    schema: wholeNumber(0, 1000),
    allowed: "a whole number from 0 to 1000, and no more than the subnet holds",
  },
  "app.image": {
    schema: z.string().max(255).regex(IMAGE),
    allowed: "a Docker image reference such as stefanprodan/podinfo:6.9.2",
  },
  "app.port": { schema: wholeNumber(1, 65535), allowed: "a whole number from 1 to 65535" },
  "app.readyPath": {
    schema: z.string().regex(READY_PATH),
    allowed: "a URL path such as /readyz, of letters, digits and ._~/?=&%+,:@-",
  },
  "app.command": {
    schema: z.array(z.string().min(1).max(4096).regex(PLAIN_TEXT)).max(256),
    allowed: "a list of words, none of them empty or with control characters",
  },
  "app.env": {
    schema: z
      // a record would lose this name without a word
      .custom<unknown>((env) => !Object.hasOwn(Object(env), "__proto__"))
      .pipe(
        z.record(
          z.string().regex(ENV_NAME),
          z
            .union([z.string(), z.number(), z.boolean()])
            .transform(String)
            .pipe(z.string().max(32_768).regex(PLAIN_TEXT)),
        ),
      ),
    allowed: "a map of names (letters, digits, _) to texts without control characters",
  },
  "app.user": {
    schema: z.string().regex(/^([a-z_][a-z0-9_-]{0,31}|\d{1,9})?(:([a-z_][a-z0-9_-]{0,31}|\d{1,9}))?$/),
    allowed:
      "a user of the image by name or number, such as app, 1000 or 1000:1000, or nothing for the image's own",
  },
  "app.readOnly": { schema: trueOrFalse, allowed: "true or false" },
  "app.tmpfs": {
    schema: z
      .array(
        z
          .string()
          .max(255)
          .regex(/^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+)+$/),
      )
      .max(32),
    allowed: "a list of absolute paths of letters, digits and ._-",
  },
  "app.capabilities": {
    schema: z.array(z.string().regex(/^[A-Z_]{3,32}$/)).max(64),
    allowed: "a list of Linux capabilities such as NET_BIND_SERVICE",
  },
  "app.allowPrivilegeEscalation": { schema: trueOrFalse, allowed: "true or false" },
  "app.memory": { schema: memory(16), allowed: "an amount from 16m to 1024g, such as 512m or 2g" },
  "app.pids": PIDS,
  "app.files": FILES,
  "haproxy.memory": { schema: memory(64), allowed: "an amount from 64m to 1024g, such as 512m or 2g" },
  "haproxy.pids": PIDS,
  "haproxy.files": FILES,
  balancers: { schema: wholeNumber(1, MAX_BALANCERS), allowed: `a whole number from 1 to ${MAX_BALANCERS}` },
  haproxyImage: {
    schema: z.string().max(255).regex(IMAGE),
    allowed: "a Docker image reference such as haproxy:3.2",
  },
  logDriver: {
    schema: z.enum(["local", "engine"]),
    allowed: "local, or engine for the Docker engine's own default",
  },
  monitoring: { schema: trueOrFalse, allowed: "true or false" },
  prometheusImage: {
    schema: z.string().max(255).regex(IMAGE),
    allowed: "a Docker image reference such as prom/prometheus:v3.5.3",
  },
  grafanaImage: {
    schema: z.string().max(255).regex(IMAGE),
    allowed: "a Docker image reference such as grafana/grafana:12.4.10",
  },
  subnet: {
    schema: z.string().transform((text, context) => {
      const subnet = parseSubnet(text);
      if (subnet === undefined) context.addIssue({ code: "custom", message: "not a subnet" });
      return subnet ?? z.NEVER;
    }),
    allowed: "a private IPv4 network of /16 to /28 by its first address, such as 172.28.10.0/24",
  },
  bind: {
    schema: z.string().refine(isIPv4),
    allowed: "an IPv4 address of the Docker host, such as 127.0.0.1 or 0.0.0.0",
  },
  "ports.http": PORT,
  "ports.https": PORT,
  "ports.runtime": PORT,
  "ports.runtimeTls": PORT,
  "ports.stats": PORT,
  "ports.prometheus": PORT,
  "ports.grafana": PORT,
  "tls.certificate": {
    schema: z.string().max(4096).regex(PLAIN_TEXT),
    allowed: "the path of a PEM file with a certificate, its chain and its key, or nothing",
  },
  "tls.selfSigned": { schema: trueOrFalse, allowed: "true or false" },
  "tls.redirect": { schema: trueOrFalse, allowed: "true or false" },
  "runtimeTls.enabled": { schema: trueOrFalse, allowed: "true or false" },
  "runtimeTls.bind": {
    schema: z.string().refine(isIPv4),
    allowed: "an IPv4 address of the Docker host, such as 0.0.0.0",
  },
  "runtimeTls.host": {
    schema: z
      .string()
      .max(253)
      .regex(/^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.(?!$)|$))*$/),
    allowed: "a host name or an IPv4 address, or nothing for the Docker engine's host",
  },
  "runtimeTls.rotation": {
    schema: z
      .union([z.number().transform(String), z.string()])
      .pipe(z.string().regex(/^[A-Za-z0-9._-]{1,64}$/)),
    allowed: "1 to 64 letters, digits and ._-",
  },
  drainTimeout: {
    schema: duration(0, 86_400_000),
    allowed: "a time from 0s to 1440m, such as 500ms, 30s or 5m (a bare number is seconds)",
  },
  readyTimeout: {
    schema: duration(1_000, 3_600_000),
    allowed: "a time from 1s to 60m, such as 1500ms, 60s or 5m (a bare number is seconds)",
  },
  "rollout.batch": {
    schema: batchSize,
    allowed: "a whole number from 1 to 9999, or a share from 1% to 100%",
  },
} as const;

/** The keys that a stack's config may have. */
export const CONFIG_KEYS: readonly string[] = Object.keys(FIELDS);
