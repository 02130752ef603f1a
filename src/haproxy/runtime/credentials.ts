import { z } from "zod";
import type { Credentials } from "../../stack/endpoint.ts";

/** Reads credentials out of a stack's outputs. */
export const CREDENTIALS: z.ZodType<Credentials> = z.object({
  ca: z.string(),
  certificate: z.string(),
  key: z.string(),
});
