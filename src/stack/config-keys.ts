import { z } from "zod";
import type { Kind } from "./value-kinds.ts";

/** An update with this environment variable set to true moves servers, whatever swarm.rebalance says. */
export const REBALANCE_VARIABLE = "BALANCER_REBALANCE";

/** Everything that is said of a key of the config. */
export interface Key {
  /** A stack without a value gets this one. It is written as a user writes it. */
  readonly initial: unknown;
  /** Whether it is a list or a map, which a text of JSON may stand for. */
  readonly isJson: boolean;
  readonly isMixed: boolean;
  /** Says in words what the value may be. */
  readonly allowed: string;
  readonly description: string;
}

/** Keys that belong to one object of the config. */
export interface Group {
  /** Says what the keys have in common. */
  readonly description: string;
  readonly shape: z.ZodRawShape;
}

/** Makes a key's schema of what it may be, its default, and what it means. */
export function key<T extends z.ZodType>(
  { schema, allowed, isJson, isMixed = false }: Kind<T>,
  initial: z.input<T>,
  description: string,
) {
  const own = z.prefault(schema, initial);
  keys.set(own, { initial, isJson: isJson ?? typeof initial === "object", isMixed, allowed, description });
  return own;
}

/** Makes the schema of an object of keys. */
export function group<T extends z.ZodRawShape>(description: string, shape: T) {
  const own = z.object(shape);
  groups.set(own, { description, shape });
  return own;
}

const keys = new Map<z.core.$ZodType, Key>();
const groups = new Map<z.core.$ZodType, Group>();

/** Finds the objects of a config by their path, each before those in it. */
export const groupsIn = (shape: z.ZodRawShape, path = ""): [string, Group][] =>
  Object.entries(shape).flatMap(([name, schema]) => {
    const found = groups.get(schema);
    const own = `${path}${name}`;
    return found === undefined ? [] : [[own, found], ...groupsIn(found.shape, `${own}.`)];
  });

/** Finds all keys of a config in their order, those of an object by their path. */
export const keysIn = (shape: z.ZodRawShape, path = ""): [string, Key][] =>
  Object.entries(shape).flatMap(([name, schema]) => {
    const found = keys.get(schema);
    if (found !== undefined) return [[`${path}${name}`, found]];
    return keysIn(groups.get(schema)?.shape ?? {}, `${path}${name}.`);
  });
