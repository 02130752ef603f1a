import type { Clock } from "../../stack/clock.ts";
import type { Haproxy } from "../runtime/client.ts";

/** A HAProxy whose servers are changed, and how long that may take. */
export interface Target {
  readonly haproxy: Haproxy;
  /** How long the sessions of a server that leaves may go on. */
  readonly drainTimeoutMs: number;
  /** How long a server may take until a check finds it up. */
  readonly readyTimeoutMs: number;
  /** The system's by default. */
  readonly clock?: Clock | undefined;
  /** Tells why it is no use to wait for some containers, by name; without it all are waited for. */
  readonly findHopeless?: FindHopeless | undefined;
  /** Tells where what shall serve runs; without it a server is where it is declared. */
  readonly findAddresses?: FindAddresses | undefined;
}

/** Looks at containers that are waited for. */
export type FindHopeless = (containerNames: readonly string[]) => Promise<ReadonlyMap<string, string>>;

/**
 * Looks for the addresses at which containers of what is declared run, by their names. Of one that does not
 * run yet there is none.
 */
export type FindAddresses = (containerNames: readonly string[]) => Promise<ReadonlyMap<string, string>>;

/** When what is waited for is told: after a second, and then every five. */
export const PROGRESS = { afterMs: 1_000, everyMs: 5_000 } as const;

/** Whole seconds of a time that is left. */
export const secondsLeft = (leftMs: number): string => `${Math.ceil(leftMs / 1000)} s`;
