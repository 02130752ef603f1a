/** How many containers an app update replaces at a time: a number, or a share of all in percent. */
export type BatchSize =
  | { readonly kind: "count"; readonly count: number }
  | { readonly kind: "share"; readonly percent: number };

/**
 * Works out a batch of so many containers. A share is rounded down, so that no more than it is out of rotation, but to one
 * at least. Where there are two or more, one of them always stays.
 */
export function batchSize(batch: BatchSize, count: number): number {
  return Math.max(1, Math.min(wantedSize(batch, count), count - 1));
}

function wantedSize(batch: BatchSize, count: number): number {
  switch (batch.kind) {
    case "count":
      return batch.count;
    case "share":
      return Math.floor((count * batch.percent) / 100);
    default:
      return batch satisfies never;
  }
}
