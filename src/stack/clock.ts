import { setTimeout as sleep } from "node:timers/promises";

/** The time. Tests hand in one of their own. */
export interface Clock {
  /** Milliseconds since some moment. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms) => sleep(ms),
};

/** Says how to wait for something. */
interface Wait<T> {
  /** Whether the last look ends the wait. */
  readonly until: (seen: T) => boolean;
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** The system's clock by default. */
  readonly clock?: Clock | undefined;
  /** Tells of the wait after a while, and then now and again. */
  readonly progress?: Progress<T> | undefined;
}

interface Progress<T> {
  readonly tell: (seen: T, leftMs: number) => void | Promise<void>;
  readonly afterMs: number;
  readonly everyMs: number;
}

/**
 * Looks again and again, once at least, until enough is seen or the time is up.
 * @returns what was seen last
 */
export async function poll<T>(
  look: () => Promise<T>,
  { until, everyMs, timeoutMs, clock = systemClock, progress }: Wait<T>,
): Promise<T> {
  const startMs = clock.now();
  let nextTellMs = progress?.afterMs ?? Number.POSITIVE_INFINITY;
  for (;;) {
    const seen = await look();
    const waitedMs = clock.now() - startMs;
    if (until(seen) || waitedMs >= timeoutMs) return seen;
    if (waitedMs >= nextTellMs) {
      await progress?.tell(seen, timeoutMs - waitedMs);
      nextTellMs = waitedMs + (progress?.everyMs ?? 0);
    }
    await clock.sleep(Math.min(everyMs, timeoutMs - waitedMs));
  }
}
