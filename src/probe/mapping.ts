import { z } from "zod";
import type { Frozen } from "../stack/schema.ts";
import type { Homes } from "./distribution.ts";
import { sessionIds } from "./session-ids.ts";

/** HAProxy's stick table holds no more sessions, and forgets the oldest when it is full. */
export const MOST_SESSIONS = 100_000;
export const MOST_SEED = 2 ** 32 - 1;
/** HAProxy writes a server's name like this. Its own answers carry `<NOSRV>`. */
export const SERVER_NAME = /^[\w.:-]{1,128}$/;

const FORMAT = "balancer-probe";
const VERSION = 1;

const SERVER = z.string().regex(SERVER_NAME);

const FILE = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  /** In UTC. */
  createdAt: z.iso.datetime(),
  stack: z.string().regex(/^[\w.-]{1,100}$/),
  mode: z.enum(["sticky", "hash"]),
  seed: z.int().min(0).max(MOST_SEED),
  sessions: z.int().min(1).max(MOST_SESSIONS),
  /** All servers, also those without a session. */
  servers: z.array(SERVER).min(1),
  mapping: z.record(z.string(), SERVER),
});

/** The servers that the sessions of a stack had at a time. */
export type Mapping = Omit<Frozen<z.infer<typeof FILE>>, "format" | "version" | "mapping"> & {
  readonly homes: Homes;
};

/** Two mappings can be compared only if all of this is the same. */
const SAME = ["seed", "sessions", "stack", "mode"] as const;
export type Probed = Pick<Mapping, (typeof SAME)[number]>;

/** Writes the text of a mapping's file. */
export function formatMapping({ homes, ...probed }: Mapping): string {
  const file = { format: FORMAT, version: VERSION, ...probed, mapping: Object.fromEntries(homes) };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/**
 * Reads the text of a mapping's file.
 * @throws {Error} The text is anything else. The message says what is wrong.
 */
export function parseMapping(text: string): Mapping {
  const { data, error } = FILE.safeParse(parseJson(text));
  if (error !== undefined)
    throw new Error(
      error.issues
        .slice(0, MOST_ISSUES)
        .map(describeIssue)
        .join("; ")
        .replaceAll(/\p{Cc}/gu, "?"),
    );
  const { format: _, version: __, mapping, ...probed } = data;
  const { seed, sessions, servers } = probed;
  const homes = new Map(Object.entries(mapping));
  if (homes.size !== sessions || !sessionIds(seed, sessions).every((id) => homes.has(id)))
    throw new Error(`mapping: not the ${sessions} sessions of seed ${seed}`);
  const stranger = [...homes.values()].find((server) => !servers.includes(server));
  if (stranger !== undefined) throw new Error(`mapping: ${stranger} is not among the servers`);
  return { ...probed, homes };
}

const MOST_ISSUES = 5;

const describeIssue = ({ path, message }: z.core.$ZodIssue): string =>
  path.length === 0 ? message : `${path.join(".")}: ${message}`;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error("it is not JSON", { cause });
  }
}

/**
 * Checks that a mapping can be compared with a probe of now.
 * @throws {Error} The message names everything that differs, with the option that makes it the same.
 */
export function checkComparable(earlier: Probed, now: Probed): void {
  const { seed, sessions, stack, mode } = earlier;
  const words = {
    seed: `seed ${seed}, not ${now.seed} (--seed ${seed})`,
    sessions: `${sessions} sessions, not ${now.sessions} (--sessions ${sessions})`,
    stack: `stack ${stack}, not ${now.stack} (--stack ${stack})`,
    mode: `mode ${mode}, and the stack is in mode ${now.mode}`,
  };
  const differences = SAME.filter((key) => earlier[key] !== now[key]).map((key) => words[key]);
  if (differences.length > 0)
    throw new Error(`it cannot be compared with this probe: ${differences.join("; ")}`);
}
