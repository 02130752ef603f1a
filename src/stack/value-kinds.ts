import { z } from "zod";
import type { BatchSize } from "./batch-size.ts";
import { readDuration } from "./duration.ts";
import { parseSessionKey } from "./session-key.ts";
import { parseSubnet } from "./subnet.ts";

/** A kind of value: a schema that reads it, and words that tell the user what it may be. */
export interface Kind<T extends z.ZodType> {
  readonly schema: T;
  readonly allowed: string;
  /** Whether it is a list or a map, for which a text of JSON may stand. A default tells as well. */
  readonly isJson?: boolean;
  /** Whether it may be a number as well as a map. Pulumi has no type for that. */
  readonly isMixed?: boolean;
}

export const kind = <T extends z.ZodType>(schema: T, allowed: string): Kind<T> => ({ schema, allowed });

export const listOrMap = <T extends z.ZodType>(schema: T, allowed: string): Kind<T> => ({
  ...kind(schema, allowed),
  isJson: true,
});

/** The same, or nothing where something else decides. */
export const orNothing = <T extends z.ZodType>(given: Kind<T>, what: string) => ({
  ...given,
  schema: z.union([z.literal("").transform(() => undefined), given.schema]),
  allowed: `${given.allowed}, or nothing ${what}`,
});

export const oneOf = <const T extends readonly string[]>(values: T, allowed = values.join(" or ")) =>
  kind(z.enum(values), allowed);

// Pulumi makes a boolean or a number of a map's value that looks like one, so both forms are taken.
export const trueOrFalse = kind(
  z.union([z.boolean(), z.stringbool({ truthy: ["true"], falsy: ["false"], case: "sensitive" })]),
  "true or false",
);

export const wholeNumber = (least: number, most: number, more = "") =>
  kind(
    z
      .union([z.number(), z.string().regex(/^\d{1,9}$/)])
      .transform(Number)
      .pipe(z.int().min(least).max(most)),
    `a whole number from ${least} to ${most}${more}`,
  );

/** No text, where a key may be without a value. */
const NOTHING = z.literal("").transform((): undefined => undefined);

export const numberOrText = z.union([z.number().transform(String), z.string()]);

/** A text that a reader makes something of, or refuses by undefined. */
const readBy = <T>(read: (text: string) => T | undefined) =>
  z.transform((text: string, context): T => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue("refused");
    return z.NEVER;
  });

const between = (least: string, most: string, read: (text: string) => number | undefined) =>
  readBy((text) => {
    const [value = Number.NaN, from = Number.NaN, to = Number.NaN] = [text, least, most].map(read);
    return value >= from && value <= to ? value : undefined;
  });

/** A time, in milliseconds. Hours are taken where the longest is told in hours. */
export const time = (least: string, most: string, examples: string) =>
  kind(
    numberOrText.pipe(
      between(least, most, (text) =>
        readDuration(text, most.endsWith("h") ? ["ms", "s", "m", "h"] : ["ms", "s", "m"]),
      ),
    ),
    `a time from ${least} to ${most}, such as ${examples} (a bare number is seconds)`,
  );

/** An amount of memory, in MiB, which is what the Docker provider takes. */
export const memory = (least: string, most: string) =>
  kind(
    z.string().pipe(
      between(least, most, (text) => {
        const [, number, unit] = /^(\d{1,6})([mg])$/.exec(text) ?? [];
        return number === undefined ? undefined : Number(number) * (unit === "g" ? 1024 : 1);
      }),
    ),
    `an amount from ${least} to ${most}, such as 512m or 2g`,
  );

/** A number of entries of a table; k stands for 1024, as in haproxy.cfg. */
export const entries = (least: string, most: string) =>
  kind(
    numberOrText.pipe(
      between(least, most, (text) => {
        const [, number, unit] = /^(\d{1,8})(k?)$/.exec(text) ?? [];
        return number === undefined ? undefined : Number(number) * (unit === "k" ? 1024 : 1);
      }),
    ),
    `a number of entries from ${least} to ${most}, such as 50000 or 100k (k is 1024)`,
  );

export const sessionKey = kind(
  z.string().pipe(readBy(parseSessionKey)),
  "header NAME, cookie NAME or query NAME, the name of letters, digits and - (_ and . too but in a header's)",
);

const UNIT_BYTES = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 } as const;

function readSize(text: string): number | undefined {
  const [, number, unit] = /^(\d{1,6})([kmg])$/.exec(text) ?? [];
  const bytes = unit === "k" || unit === "m" || unit === "g" ? UNIT_BYTES[unit] : undefined;
  return bytes && Number(number) * bytes;
}

/** An amount of data, in bytes. */
export const size = (least: string, most: string, more = "") =>
  kind(
    z.string().pipe(between(least, most, readSize)),
    `an amount from ${least} to ${most}, such as 32k or 1m${more}`,
  );

/** The same, or undefined for no limit. */
export const optionalSize = (least: string, most: string) =>
  kind(
    z.union([NOTHING, z.string().pipe(between(least, most, readSize))]),
    `an amount from ${least} to ${most}, such as 500k or 10m, or nothing for no limit`,
  );

/** So many in a time. */
export const rate = kind(
  z.union([
    NOTHING,
    z.string().pipe(
      readBy((text) => {
        const [, number, time] = /^([1-9]\d{0,6})\/(\d{1,5}[a-z]*)$/.exec(text) ?? [];
        const periodMs = readDuration(time ?? "", ["s", "m", "h"]) ?? 0;
        const isAllowed = periodMs >= 1_000 && periodMs <= 24 * 3_600_000;
        return isAllowed ? { count: Number(number), periodMs } : undefined;
      }),
    ),
  ]),
  "a number and a time from 1s to 24h, such as 100/10s or 5000/1h, or nothing for no limit",
);

/** A number of containers, or a share of all. */
export const numberOrShare = kind(
  numberOrText.pipe(
    readBy((text): BatchSize | undefined => {
      if (!/^([1-9]\d{0,3}|([1-9]\d?|100)%)$/.test(text)) return undefined;
      const number = Number.parseInt(text, 10);
      return text.endsWith("%") ? { kind: "share", percent: number } : { kind: "count", count: number };
    }),
  ),
  "a whole number from 1 to 9999, or a share from 1% to 100%",
);

/** A list of some of these words. */
export const listOf = (words: readonly string[]) =>
  kind(z.array(numberOrText.pipe(z.enum(words))).max(words.length), `a list of ${words.join(", ")}`);

export const text = (pattern: RegExp, mostChars: number) => z.string().max(mostChars).regex(pattern);

export const image = (example: string) =>
  kind(
    text(/^[a-z0-9]+([._:/-]+[a-zA-Z0-9]+)*_*(@sha256:[a-f0-9]{64})?$/, 255),
    `a Docker image reference such as ${example}`,
  );

export const platform = kind(
  text(/^([a-z0-9]+\/[a-z0-9]+(\/[a-z0-9.]+)?)?$/, 64),
  "a platform of Docker's such as linux/amd64 or linux/arm64/v8, or nothing for the engine's own",
);

export const privateNetwork = kind(
  z.string().pipe(readBy(parseSubnet)),
  "a private IPv4 network of /16 to /28 by its first address, such as 172.28.10.0/24",
);

export const hostAddress = (examples: string) =>
  kind(z.ipv4(), `an IPv4 address of the Docker host, such as ${examples}`);

export const networks = kind(
  z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])).max(256),
  "a list of IPv4 and IPv6 addresses and networks, such as 192.0.2.7, 10.0.0.0/8 and 2001:db8::/32",
);

export const hostName = kind(
  text(/^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.(?!$)|$))*$/, 253),
  "a host name or an IPv4 address, or nothing for the Docker engine's host",
);

export const hostHeader = kind(
  text(/^([A-Za-z0-9._-]+(:\d{1,5})?)?$/, 253),
  "a host name or an IPv4 address, with a port or without, or nothing",
);

export const statuses = kind(
  text(/^([1-5]\d\d(-[1-5]\d\d)?(,[1-5]\d\d(-[1-5]\d\d)?)*)?$/, 100),
  "HTTP statuses and ranges of them such as 200-399,401, or nothing",
);

export const cookieName = kind(
  text(/^[A-Za-z0-9_.-]*$/, 64),
  "a cookie's name of up to 64 letters, digits and _.-, or nothing",
);

export const cookieDomain = kind(
  text(
    /^(\.?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)?$/,
    253,
  ),
  "a domain such as example.com, or nothing",
);

export const urlPath = kind(
  text(/^\/[A-Za-z0-9._~/?=&%+,:@-]*$/, 256),
  "a URL path such as /readyz, of letters, digits and ._~/?=&%+,:@-",
);

export const shortWord = kind(
  numberOrText.pipe(text(/^[A-Za-z0-9._-]+$/, 64)),
  "1 to 64 letters, digits and ._-",
);

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const PLAIN = /^[^\u0000-\u001f\u007f]*$/;

export const pemFile = kind(
  text(PLAIN, 4096),
  "the path of a PEM file with a certificate, its chain and its key, or nothing",
);

export const words = listOrMap(
  z.array(text(PLAIN, 4096).min(1)).max(256),
  "a list of words, none of them empty or with control characters",
);

const scalar = z.union([z.string(), z.number(), z.boolean()]);

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what is refused
export const NO_NUL = /^[^\u0000]*$/;

/** A map of names to texts, numbers or truths, which are texts then. */
export const mapOf = <V extends z.ZodType<string, string>>(name: z.ZodString, value: V, allowed: string) =>
  kind(
    z
      // A record would lose this name without a word.
      .custom<Readonly<Record<string, z.input<typeof scalar>>>>(
        (map) => !Object.hasOwn(Object(map), "__proto__"),
      )
      .pipe(z.record(name, scalar.transform(String).pipe(value))),
    allowed,
  );
