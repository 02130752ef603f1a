import type { Failure } from "../../test/harness/load.ts";
import { median } from "../samples.ts";
import type { Seen } from "./clients.ts";

/** What was not measured, or did not come. */
export const NONE = "–";
const BYTES_PER_MB = 1_000_000;

/** Writes milliseconds as seconds. */
export const seconds = (ms: number | undefined): string =>
  ms === undefined || Number.isNaN(ms) ? NONE : (ms / 1000).toFixed(1);

/** Writes a share as a percentage. */
export const percent = (share: number | undefined): string =>
  share === undefined ? NONE : (share * 100).toFixed(2);

/** Writes bytes as megabytes. */
export const megabytes = (bytes: number | undefined): string =>
  bytes === undefined ? NONE : (bytes / BYTES_PER_MB).toFixed(1);

/** Writes `3.1 (2.8–3.6)`: the median, and the least and the most. One that did not come takes its place. */
export function spread(
  values: readonly (number | undefined)[],
  format: (value: number | undefined) => string,
): string {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0 || known.length < values.length) return NONE;
  const range = `${format(Math.min(...known))}–${format(Math.max(...known))}`;
  return `${format(median(known))} (${range})`;
}

/** What failed of what was sent. */
export const failedOf = ({ failures, sent }: Pick<Seen, "failures" | "sent">): string =>
  `${failures.length} of ${sent}`;

/** How many WebSockets the other side closed. */
export const closedOf = ({ closed, sockets }: Pick<Seen, "closed" | "sockets">): string =>
  `${closed} of ${sockets}`;

/** Prints why requests failed, a line for each cause. */
export function printFailures(what: string, failures: readonly Failure[]): void {
  for (const [cause, list = []] of Object.entries(Object.groupBy(failures, (each) => each.cause)))
    console.log(`failed  ${what}: ${list.length} times ${cause}`);
}
