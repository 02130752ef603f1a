/** Cases of each property; `FUZZ_RUNS=100000 npm run test:unit` looks for longer. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 1_000);

/** How fast-check runs a property. */
export const FUZZ = { numRuns, verbose: 1 } as const;
/** For vitest: a thousand cases take seconds, on a machine that does nothing else. */
export const FUZZ_TIMEOUT_MS = 60_000 + numRuns * 20;
