import type { Topology } from "./topology.ts";

/** A container that watches the balancers, and what it may use of the host. */
export type Service = ReturnType<typeof servicesOf>[number];

/** Lists the containers that watch the balancers: none without monitoring. */
export const servicesOf = (monitoring: Topology["monitoring"]) =>
  monitoring === undefined
    ? []
    : ([
        {
          ...monitoring.prometheus,
          role: "prometheus",
          limits: { memoryMb: 1024, pids: 512, files: 16_384 },
        },
        { ...monitoring.grafana, role: "grafana", limits: { memoryMb: 512, pids: 512, files: 16_384 } },
      ] as const);
