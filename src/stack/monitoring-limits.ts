/** What Prometheus and Grafana may use of the host. */
export const MONITORING_LIMITS = {
  prometheus: { memoryMb: 1024, pids: 512, files: 16_384 },
  grafana: { memoryMb: 512, pids: 512, files: 16_384 },
} as const;
