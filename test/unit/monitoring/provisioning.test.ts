import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { GRAFANA_ENV, grafanaFiles } from "../../../src/monitoring/grafana.ts";
import { type ProvisionedFile, prometheusFiles } from "../../../src/monitoring/prometheus.ts";
import { type Monitoring, planTopology } from "../../../src/stack/topology.ts";
import { DASHBOARD_TEXT } from "../../harness/dashboard.ts";
import { settingsOf } from "../../harness/pulumi-config.ts";

const byPath = (files: readonly ProvisionedFile[]): Record<string, string> =>
  Object.fromEntries(files.map(({ path, text }) => [path, text]));

const topology = planTopology(settingsOf({ monitoring: "true", balancers: "2", subnet: "10.20.0.0/16" }));

describe("Prometheus' config", () => {
  const files = byPath(prometheusFiles(topology));

  test("scrapes every balancer, labelled with its name, and leaves out the servers of a trial", () => {
    expect(parse(files["/etc/prometheus/prometheus.yml"] ?? "").scrape_configs).toEqual([
      {
        job_name: "haproxy",
        static_configs: [
          { targets: ["10.20.0.2:8404"], labels: { balancer: "haproxy1" } },
          { targets: ["10.20.0.3:8404"], labels: { balancer: "haproxy2" } },
        ],
        metric_relabel_configs: [{ source_labels: ["server"], regex: "try-.+", action: "drop" }],
      },
    ]);
  });

  test("reads the rules beside it", () => {
    const { rule_files: rules } = parse(files["/etc/prometheus/prometheus.yml"] ?? "");
    expect(rules).toEqual(Object.keys(files).filter((path) => path !== "/etc/prometheus/prometheus.yml"));
  });

  test("does not depend on the servers, so that scaling leaves Prometheus alone", () => {
    const other = planTopology(
      settingsOf({ monitoring: "true", balancers: "2", subnet: "10.20.0.0/16", count: "9", mode: "hash" }),
    );
    expect(byPath(prometheusFiles(other))).toEqual(files);
  });
});

describe("Grafana", () => {
  const { prometheus, grafana } = topology.monitoring as Monitoring;
  const files = byPath(grafanaFiles({ prometheus, grafana }));

  test("has the stack's Prometheus as its data source", () => {
    const { datasources } = parse(files["/etc/grafana/provisioning/datasources/prometheus.yml"] ?? "");
    expect(datasources).toEqual([
      expect.objectContaining({ type: "prometheus", url: "http://10.20.0.9:9090", isDefault: true }),
    ]);
  });

  test("takes its dashboards from the folder with the dashboard, which is its home page as well", () => {
    const { providers } = parse(files["/etc/grafana/provisioning/dashboards/balancer.yml"] ?? "");
    expect(providers).toEqual([
      expect.objectContaining({ type: "file", options: { path: "/etc/grafana/dashboards" } }),
    ]);
    expect(files["/etc/grafana/dashboards/haproxy.json"]).toBe(DASHBOARD_TEXT);
    expect(GRAFANA_ENV).toContain(
      "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH=/etc/grafana/dashboards/haproxy.json",
    );
  });

  test("has no user and no way to log in: whoever reaches it may look", () => {
    expect(GRAFANA_ENV).toEqual(
      expect.arrayContaining([
        "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION=true",
        "GF_AUTH_BASIC_ENABLED=false",
        "GF_AUTH_DISABLE_LOGIN_FORM=true",
        "GF_AUTH_ANONYMOUS_ENABLED=true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE=Viewer",
      ]),
    );
  });
});
