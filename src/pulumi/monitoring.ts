import type * as pulumi from "@pulumi/pulumi";
import { GRAFANA_ENV, GRAFANA_PORT, grafanaFiles } from "../monitoring/grafana.ts";
import {
  PROMETHEUS_DATA,
  PROMETHEUS_PORT,
  type ProvisionedFile,
  prometheusFiles,
} from "../monitoring/prometheus.ts";
import { serviceMadeFrom } from "../stack/made-from.ts";
import { servicesOf } from "../stack/monitoring-services.ts";
import { servicePort } from "../stack/published-ports.ts";
import type { Monitoring } from "../stack/topology.ts";
import { createContainer } from "./kept-container.ts";
import { createVolume } from "./ownership.ts";
import type { StackContext, StackNetwork } from "./stack-context.ts";

/** Prometheus writes what it has in memory before it ends. */
const STOP_TIMEOUT_SECONDS = 10;

/** Declares a Prometheus that scrapes every balancer, and a Grafana that shows what it has. */
export function createMonitoring(
  monitoring: Monitoring,
  context: StackContext,
  network: StackNetwork,
  /** What must be done before Prometheus asks for the first time: HAProxy runs a config that lets it in. */
  after: readonly pulumi.Resource[],
): pulumi.Resource[] {
  const { topology, images } = context.declared;
  // Over machines both are on the first.
  const machine = topology.balancers[0]?.machine;
  const { volumeName } = monitoring.prometheus;
  const data = createVolume(volumeName, "prometheus-data", context, machine);
  const own = {
    prometheus: {
      uploads: uploadsOf(prometheusFiles(topology)),
      envs: [],
      volumes: [{ volumeName: data.name, containerPath: PROMETHEUS_DATA }],
      internal: PROMETHEUS_PORT,
      after,
    },
    grafana: {
      uploads: uploadsOf(grafanaFiles(monitoring)), // all that Grafana shows is provisioned
      envs: [...GRAFANA_ENV],
      volumes: [],
      internal: GRAFANA_PORT,
      after: [],
    },
  };
  return servicesOf(monitoring).flatMap((service) => {
    const { role, image, limits } = service;
    const { internal, ...args } = own[role];
    const published = [{ ...servicePort(service), internal }];
    const madeFrom = serviceMadeFrom(service, images);
    const all = { role, image, limits, published, madeFrom, network, ...args };
    const kept = { ...all, readOnly: false, destroyGraceSeconds: STOP_TIMEOUT_SECONDS };
    return createContainer({ ...service, machine }, kept, context).resources;
  });
}

/** Docker does not put files into a read-only container. */
const uploadsOf = (files: readonly ProvisionedFile[]) =>
  files.map(({ path, text }) => ({ file: path, content: text }));
