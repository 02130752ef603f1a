/** Takes the middle of the samples, or the mean of the two in the middle. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.slice(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1);
  return middle.reduce((sum, sample) => sum + sample, 0) / middle.length;
}

/** The ratio of two medians, and the least and the most of the rounds. */
export interface Ratio {
  readonly value: number;
  readonly least: number;
  readonly most: number;
}

/** Compares samples that were taken in the same rounds. */
export function ratioOf(a: readonly number[], b: readonly number[]): Ratio {
  const rounds = a.map((sample, round) => sample / (b[round] ?? Number.NaN));
  return { value: median(a) / median(b), least: Math.min(...rounds), most: Math.max(...rounds) };
}

/** Compares samples with a bound. */
export const ratioTo = (samples: readonly number[], bound: number): Ratio =>
  ratioOf(
    samples,
    samples.map(() => bound),
  );

/** Says how often measured variants take turns. */
export interface Rounds {
  readonly count: number;
  /** Ends the measuring between two variants. */
  readonly signal: AbortSignal;
}

/**
 * Runs variants in turn, A B, B A, A B …, so other work on the machine slows all of them alike.
 * @returns The samples of each variant, in the order of the variants.
 */
export async function interleave<T>(
  variants: readonly (() => Promise<T>)[],
  { count, signal }: Rounds,
): Promise<T[][]> {
  const samples = variants.map((): T[] => []);
  for (let round = 0; round < count; round++) {
    const order = variants.map((run, index) => ({ run, index }));
    for (const { run, index } of round % 2 === 0 ? order : order.reverse()) {
      signal.throwIfAborted();
      samples[index]?.push(await run());
    }
  }
  return samples;
}

/** Measures the milliseconds that `run` takes. */
export async function time(run: () => Promise<unknown> | unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}
