/** On what the benchmark makes itself, with the name of its part. */
export const BENCH_LABEL = "balancer.bench";
