/** What works gave that do not wait for each other, and why others failed, both in order. */
interface Settled<T> {
  readonly done: readonly T[];
  readonly failures: readonly unknown[];
}

/** Why something failed, in its own words. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Waits for the end of all works. */
export async function settle<T>(works: readonly Promise<T>[]): Promise<Settled<T>> {
  const outcomes = await Promise.allSettled(works);
  return {
    done: outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : [])),
    failures: outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : [])),
  };
}
