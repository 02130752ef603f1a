const MOST_EXAMPLES = 10;

/** Counts things that should not be there, and keeps the first of them. */
export interface Findings<T> {
  readonly count: number;
  /** The first 10. */
  readonly examples: readonly T[];
}

/** Keeps the part of a list that is worth to be shown. */
export const findingsOf = <T>(found: readonly T[]): Findings<T> => ({
  count: found.length,
  examples: found.slice(0, MOST_EXAMPLES),
});
