/** Everything that the benchmark makes itself has this label, with the name of its part. */
export const BENCH_LABEL = "balancer.bench";
