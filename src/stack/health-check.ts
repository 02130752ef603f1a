import { z } from "zod";
import type { Frozen } from "./schema.ts";

/** Says how HAProxy checks a server, so that processes can hand it to each other. */
export const HEALTH_CHECK = z.object({
  path: z.string(),
  /** Statuses that pass, in HAProxy's words: `200-399` or `200,204-299`. */
  status: z.string(),
});

/** How HAProxy checks a server: the path that it asks for, and the answers that pass. */
export type HealthCheck = Frozen<z.infer<typeof HEALTH_CHECK>>;

/** What an app answers that is ready, where a path says so. HAProxy has the same without a rule. */
export const READY = "200-399";
/** What an app answers that is there at all. */
export const ANSWERS = "100-499";

/** Whether a status passes. */
export const passes = ({ status }: HealthCheck, code: number): boolean =>
  status.split(",").some((range) => {
    const [least = "", most = least] = range.split("-");
    return code >= Number(least) && code <= Number(most);
  });
