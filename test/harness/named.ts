/** Cases of a table for `test.each(…)("%s", (_what, case) => …)`, which prints the words as they are. */
export const named = <T extends { readonly what: string }>(cases: readonly T[]): [string, T][] =>
  cases.map((each) => [each.what, each]);
