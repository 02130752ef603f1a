import { z } from "zod";

/** Says how HAProxy checks a server, so that processes can hand it to each other. */
export const HEALTH_CHECK = z.object({
  /** A URL path, which may have a query. */
  path: z.string(),
  /** Value of the header Host. */
  host: z.string(),
  /** Statuses that pass, in HAProxy's words: `200-399` or `200,204-299`. */
  status: z.string(),
});

/** How HAProxy checks a server: what it asks for, and the answers that pass. */
export type HealthCheck = Readonly<z.infer<typeof HEALTH_CHECK>>;

/** What an app answers that is ready, where a path says so. HAProxy has the same without a rule. */
export const READY = "200-399";
/** What an app answers that is there at all. */
export const ANSWERS = "100-499";
/** An app that knows its own names knows this one, which a check inside its container would have. */
export const CHECK_HOST = "localhost";

/** Whether a status passes. */
export const passes = ({ status }: HealthCheck, code: number): boolean =>
  status.split(",").some((range) => {
    const [least = "", most = least] = range.split("-");
    return code >= Number(least) && code <= Number(most);
  });

/** Names a check by config key; what most stacks have is left out. */
export const describeCheck = ({ path, host, status }: HealthCheck): string =>
  [
    `app.readyPath ${path}`,
    ...(host === CHECK_HOST ? [] : [`app.check.host ${host}`]),
    ...(status === READY ? [] : [`app.check.status ${status}`]),
  ].join(", ");
