import { readFileSync } from "node:fs";
import { stringify } from "yaml";
import { TRIAL_PREFIX } from "../haproxy/file/server-line.ts";
import { CONTAINER_PORTS } from "../stack/container-ports.ts";
import type { Topology } from "../stack/topology.ts";

/** A container has this file from its creation on. Another text means another container. */
export interface ProvisionedFile {
  readonly path: string;
  readonly text: string;
}

/** Prometheus listens on this port inside its container. */
export const PROMETHEUS_PORT = 9090;
/** Prometheus keeps its data in this folder, as its image declares. */
export const PROMETHEUS_DATA = "/prometheus";
/** Prometheus asks HAProxy once in this time. */
export const SCRAPE_INTERVAL = "5s";

const ALERTS = "/etc/prometheus/alerts.yml";

/** Makes Prometheus' files. It scrapes every balancer, whose series carry its name as label `balancer`. */
export const prometheusFiles = ({ balancers }: Topology): ProvisionedFile[] => [
  {
    path: "/etc/prometheus/prometheus.yml",
    text: stringify({
      global: { scrape_interval: SCRAPE_INTERVAL, evaluation_interval: SCRAPE_INTERVAL },
      rule_files: [ALERTS],
      scrape_configs: [
        {
          job_name: "haproxy",
          static_configs: balancers.map(({ peerName, address }) => ({
            targets: [`${address}:${CONTAINER_PORTS.stats}`],
            labels: { balancer: peerName },
          })),
          // A server of a trial gets no request and soon goes, so one that is down is no fault to show.
          metric_relabel_configs: [{ source_labels: ["server"], regex: `${TRIAL_PREFIX}.+`, action: "drop" }],
        },
      ],
    }),
  },
  {
    path: ALERTS,
    text: readFileSync(new URL("../../templates/monitoring/alerts.yml", import.meta.url), "utf8"),
  },
];
