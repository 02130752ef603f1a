/** How many containers an app update replaces at a time: a number, or a share of all in percent. */
export type BatchSize = { readonly kind: "count"; readonly count: number } | { readonly kind: "share"; readonly percent: number };

/** A share is rounded down, so that no more than it is out of rotation, but to one at least. */
export function batchSize(batch: BatchSize, count: number): number {
  switch (batch.kind) {
    case "count":
      return batch.count;
    case "share":
      return Math.max(1, Math.floor((count * batch.percent) / 100));
    default:
      return batch satisfies never;
  }
}
