import { z } from "zod";
import { type Kind, kind, text, trueOrFalse } from "./value-kinds.ts";

/** HAProxy resolves the name of each slot about twice a second. */
export const MAX_SLOTS = 256;

/** A Docker engine as the docker command takes it; no password in it, since it is told in messages. */
const ENGINE_TEXT = new RegExp(
  "^(unix:///[\\w./-]+" +
    "|tcp://([\\w.-]+|\\[[\\da-fA-F:.]+\\]):\\d{1,5}" +
    "|ssh://([\\w][\\w.+-]*@)?([\\w][\\w.-]*|\\[[\\da-fA-F:.]+\\])(:\\d{1,5})?)$",
);
/** A port beyond the last one would be refused by whoever connects, in words of its own. */
const ENGINE = text(ENGINE_TEXT, 255).refine((engine) => URL.canParse(engine));
const ENGINE_WORDS = "unix:///path, tcp://host:port or ssh://user@host:port";

export const engines = kind(z.array(ENGINE).max(64), `a list of Docker engines such as ${ENGINE_WORDS}`);

/** A machine with a balancer. */
const MACHINE = z.strictObject({
  engine: ENGINE,
  /** HTTP, HTTPS and the runtime API are published there, and looked for. */
  address: z.ipv4().refine((address) => address !== "0.0.0.0"),
  /** Whether it is dead, and an update goes on without it. */
  down: z.prefault(trueOrFalse.schema, false),
});

/** A name as hosts have it. It is a part of messages and of resources' names. */
const NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/;

const MACHINES = z
  // A record would lose this name without a word.
  .custom<Readonly<Record<string, z.input<typeof MACHINE>>>>(
    (map) => !Object.hasOwn(Object(map), "__proto__"),
  )
  .pipe(z.record(z.string().regex(NAME), MACHINE));

export const machines: Kind<typeof MACHINES> = kind(
  MACHINES,
  `a map of names (letters, digits, .-) to {engine: ${ENGINE_WORDS}, address: an IPv4 address of the ` +
    "machine, down: true or nothing}",
);
