/** How many containers an app update replaces at a time: a number, or a share of all in percent. */
export type BatchSize =
  | { readonly kind: "count"; readonly count: number }
  | { readonly kind: "share"; readonly percent: number };

/**
 * Calculates how many of so many containers a batch has. A share is rounded down, so no more than that is out
 * of rotation, but a batch has one container at least. A batch may have all: the stand-in serves meanwhile.
 */
export function batchSize(batch: BatchSize, count: number): number {
  const wanted = batch.kind === "count" ? batch.count : Math.floor((count * batch.percent) / 100);
  return Math.max(1, Math.min(wanted, count));
}
