import { z } from "zod";

// Parts of what is read of an engine's replies, in engine-replies and in src/swarm/swarm-replies. An engine
// may leave a field out that is empty, as API 1.52 does, and dockerode's types do not tell: what is missing
// is empty.

const orEmpty = <T>(schema: z.ZodType<T>, empty: T) => schema.nullish().transform((value) => value ?? empty);
export const text = orEmpty(z.string(), "");
export const number = orEmpty(z.number(), 0);
export const flag = orEmpty(z.boolean(), false);
export const listOf = <T>(item: z.ZodType<T>) => orEmpty(z.array(item), []);
export const mapOf = <T>(item: z.ZodType<T>) => orEmpty(z.record(z.string(), item), {});
export const part = <T extends z.ZodRawShape>(shape: T) =>
  z.preprocess((value) => value ?? {}, z.object(shape));
