const MOST_EXAMPLES = 10;

/** Things that should not be there: how many, and the first of them. */
export interface Findings<T> {
  readonly count: number;
  /** 10 at most. */
  readonly examples: readonly T[];
}

/** Keeps what is worth to be shown of a list that may be long. */
export const findingsOf = <T>(found: readonly T[]): Findings<T> => ({
  count: found.length,
  examples: found.slice(0, MOST_EXAMPLES),
});
