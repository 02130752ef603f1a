import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { RESTART_POLICY } from "../docker/container-arguments.ts";
import { upkeepAt } from "../docker/drift.ts";
import { checkPortsFree } from "../docker/free-ports.ts";
import { MADE_FROM_LABEL } from "../docker/labels.ts";
import { clearContainer } from "../docker/leftovers.ts";
import { GRAFANA_ENV, GRAFANA_PORT, grafanaFiles } from "../monitoring/grafana.ts";
import {
  PROMETHEUS_DATA,
  PROMETHEUS_PORT,
  type ProvisionedFile,
  prometheusFiles,
} from "../monitoring/prometheus.ts";
import { serviceMadeFrom } from "../stack/made-from.ts";
import { type Service, servicesOf } from "../stack/monitoring-services.ts";
import { servicePort } from "../stack/published-ports.ts";
import type { Monitoring } from "../stack/topology.ts";
import { confined, keepUp, replacedFor } from "./confinement.ts";
import { clearedBeforeCreate, createVolume, dockerLabels } from "./ownership.ts";
import type { StackContext } from "./stack-context.ts";

/** What the containers do not have in common. */
interface OwnArgs {
  readonly files: readonly ProvisionedFile[];
  readonly env: readonly string[];
  readonly volumes: docker.ContainerArgs["volumes"];
  readonly internalPort: number;
  readonly after: readonly pulumi.Resource[];
}

/** Prometheus writes what it has in memory before it ends. */
const STOP_TIMEOUT_SECONDS = 10;

/** Declares a Prometheus that scrapes every balancer, and a Grafana that shows what it has. */
export function createMonitoring(
  monitoring: Monitoring,
  context: StackContext,
  network: docker.Network,
  /** What must be done before Prometheus asks for the first time: HAProxy runs a config that lets it in. */
  after: readonly pulumi.Resource[],
): void {
  const { topology } = context.declared;
  const { volumeName } = monitoring.prometheus;
  const data = createVolume(volumeName, "prometheus-data", context.owner, context.parent);
  const own: Readonly<Record<Service["role"], OwnArgs>> = {
    prometheus: {
      files: prometheusFiles(topology),
      env: [],
      volumes: [{ volumeName: data.name, containerPath: PROMETHEUS_DATA }],
      internalPort: PROMETHEUS_PORT,
      after,
    },
    grafana: {
      files: grafanaFiles(monitoring),
      env: GRAFANA_ENV,
      volumes: [], // all that Grafana shows is provisioned
      internalPort: GRAFANA_PORT,
      after: [],
    },
  };
  for (const service of servicesOf(monitoring)) {
    const container = createService({ ...service, ...own[service.role] }, context, network);
    const kept = upkeepAt(topology, service, service.limits);
    keepUp(container, service.containerName, network, kept, context.parent);
  }
}

function createService(
  service: Service & OwnArgs,
  { declared, owner, parent }: StackContext,
  network: docker.Network,
): docker.Container {
  const { containerName: name } = service;
  const published = servicePort(service);
  const madeFrom = serviceMadeFrom(service, declared.images);
  return new docker.Container(
    name,
    {
      name,
      image: declared.images?.get(service.image) ?? service.image,
      restart: RESTART_POLICY,
      logDriver: declared.logDriver,
      envs: [...service.env],
      ...confined({
        user: "", // the images have one that is not root
        readOnly: false, // Docker does not put files into a read-only container
        tmpfs: [],
        capabilities: [],
        allowPrivilegeEscalation: false,
        limits: service.limits,
      }),
      networksAdvanced: [{ name: network.name, ipv4Address: service.address }],
      uploads: service.files.map(({ path, text }) => ({ file: path, content: text })),
      volumes: service.volumes,
      ports: [{ internal: service.internalPort, external: published.port, ip: published.address }],
      destroyGraceSeconds: STOP_TIMEOUT_SECONDS,
      labels: [
        ...dockerLabels(owner, service.role),
        { label: MADE_FROM_LABEL, value: JSON.stringify(madeFrom) },
      ],
    },
    {
      parent,
      dependsOn: [...service.after],
      ...replacedFor(madeFrom),
      ...clearedBeforeCreate(name, async (engine) => {
        await clearContainer(engine, owner, name);
        await checkPortsFree(engine, [published]);
      }),
    },
  );
}
