import { readFileSync } from "node:fs";
import { stringify } from "yaml";
import type { Monitoring } from "../stack/topology.ts";
import { PROMETHEUS_PORT, type ProvisionedFile, SCRAPE_INTERVAL } from "./prometheus.ts";

/** Grafana listens on this port inside its container. */
export const GRAFANA_PORT = 3000;

const PROVISIONING = "/etc/grafana/provisioning";
const DASHBOARDS = "/etc/grafana/dashboards";
const DASHBOARD = `${DASHBOARDS}/haproxy.json`;

/** Everybody who reaches Grafana may look, and nobody may change anything: there is no user. */
export const GRAFANA_ENV: readonly string[] = [
  "GF_AUTH_ANONYMOUS_ENABLED=true",
  "GF_AUTH_ANONYMOUS_ORG_ROLE=Viewer",
  "GF_AUTH_BASIC_ENABLED=false",
  "GF_AUTH_DISABLE_LOGIN_FORM=true",
  "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION=true",
  `GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH=${DASHBOARD}`,
  // Grafana sends nothing to the Internet, and fetches nothing from there.
  "GF_ANALYTICS_REPORTING_ENABLED=false",
  "GF_ANALYTICS_CHECK_FOR_UPDATES=false",
  "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES=false",
  "GF_NEWS_NEWS_FEED_ENABLED=false",
  "GF_PLUGINS_PREINSTALL_DISABLED=true",
];

/** Makes Grafana's files: its data source, which is the stack's Prometheus, and its dashboard. */
export const grafanaFiles = ({ prometheus }: Monitoring): ProvisionedFile[] => [
  {
    path: `${PROVISIONING}/datasources/prometheus.yml`,
    text: stringify({
      apiVersion: 1,
      datasources: [
        {
          name: "Prometheus",
          uid: "prometheus",
          type: "prometheus",
          access: "proxy",
          url: `http://${prometheus.address}:${PROMETHEUS_PORT}`,
          isDefault: true,
          jsonData: { timeInterval: SCRAPE_INTERVAL },
        },
      ],
    }),
  },
  {
    path: `${PROVISIONING}/dashboards/balancer.yml`,
    text: stringify({
      apiVersion: 1,
      providers: [{ name: "Balancer", type: "file", options: { path: DASHBOARDS } }],
    }),
  },
  {
    path: DASHBOARD,
    text: readFileSync(new URL("../../templates/monitoring/dashboard.json", import.meta.url), "utf8"),
  },
];
