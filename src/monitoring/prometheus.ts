import { readFileSync } from "node:fs";
import { stringify } from "yaml";
import { CONTAINER_PORTS } from "../stack/container-ports.ts";
import type { Topology } from "../stack/topology.ts";
import type { ProvisionedFile } from "./provisioned-file.ts";

/** Port of Prometheus inside its container. */
export const PROMETHEUS_PORT = 9090;
/** Where Prometheus keeps its data, as the image declares it. */
export const PROMETHEUS_DATA = "/prometheus";
/** How often HAProxy is asked. */
export const SCRAPE_INTERVAL = "5s";

const ALERTS = "/etc/prometheus/alerts.yml";

/** Prometheus' config: every balancer is scraped, and its series carry the label `balancer` with its name. */
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
        },
      ],
    }),
  },
  {
    path: ALERTS,
    text: readFileSync(new URL("../../templates/monitoring/alerts.yml", import.meta.url), "utf8"),
  },
];
