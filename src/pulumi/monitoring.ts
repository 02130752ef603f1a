import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { RESTART_POLICY } from "../docker/container-arguments.ts";
import { checkPortsFree } from "../docker/free-ports.ts";
import type { Role } from "../docker/labels.ts";
import { clearContainer } from "../docker/leftovers.ts";
import { GRAFANA_ENV, GRAFANA_PORT, grafanaFiles } from "../monitoring/grafana.ts";
import {
  PROMETHEUS_DATA,
  PROMETHEUS_PORT,
  type ProvisionedFile,
  prometheusFiles,
} from "../monitoring/prometheus.ts";
import { monitoringPorts, type PublishedPort } from "../stack/published-ports.ts";
import type { Monitoring } from "../stack/topology.ts";
import { confined, confinedOptions } from "./confinement.ts";
import { clearedBeforeCreate, createVolume, dockerLabels } from "./ownership.ts";
import type { StackContext } from "./stack-context.ts";

type Service = Monitoring["grafana"] & {
  readonly role: Role;
  readonly files: readonly ProvisionedFile[];
  readonly env: readonly string[];
  readonly volumes: docker.ContainerArgs["volumes"];
  readonly internalPort: number;
  readonly published: PublishedPort;
  readonly memoryMb: number;
  readonly after: readonly pulumi.Resource[];
};

/** Processes and threads of each container. */
export const MONITORING_PIDS = 512;
const OPEN_FILES = 16_384;
/** Prometheus writes what it has in memory before it ends. */
const STOP_TIMEOUT_SECONDS = 10;

/** Declares a Prometheus that scrapes every balancer, and a Grafana that shows what it has. */
export function createMonitoring(
  monitoring: Monitoring,
  context: StackContext,
  network: docker.Network,
  /** What must be done before Prometheus asks for the first time: HAProxy runs a config that lets it in. */
  after: readonly pulumi.Resource[],
): docker.Container[] {
  const { prometheus, grafana } = monitoring;
  const [prometheusPort, grafanaPort] = monitoringPorts(monitoring);
  const data = createVolume(prometheus.volumeName, "prometheus-data", context.owner, context.parent);
  const services: Service[] = [
    {
      ...prometheus,
      role: "prometheus",
      files: prometheusFiles(context.declared.topology),
      env: [],
      volumes: [{ volumeName: data.name, containerPath: PROMETHEUS_DATA }],
      internalPort: PROMETHEUS_PORT,
      published: prometheusPort,
      memoryMb: 1024,
      after,
    },
    {
      ...grafana,
      role: "grafana",
      files: grafanaFiles(monitoring),
      env: GRAFANA_ENV,
      volumes: [], // all that Grafana shows is provisioned
      internalPort: GRAFANA_PORT,
      published: grafanaPort,
      memoryMb: 512,
      after: [],
    },
  ];
  return services.map((service) => createService(service, context, network));
}

function createService(
  service: Service,
  { declared, owner, parent }: StackContext,
  network: docker.Network,
): docker.Container {
  const { containerName: name, published } = service;
  return new docker.Container(
    name,
    {
      name,
      image: service.image,
      restart: RESTART_POLICY,
      logDriver: declared.logDriver,
      envs: [...service.env],
      ...confined({
        user: "", // the images have one that is not root
        readOnly: false, // Docker does not put files into a read-only container
        tmpfs: [],
        capabilities: [],
        allowPrivilegeEscalation: false,
        limits: { memoryMb: service.memoryMb, pids: MONITORING_PIDS, files: OPEN_FILES },
      }),
      networksAdvanced: [{ name: network.name, ipv4Address: service.address }],
      uploads: service.files.map(({ path, text }) => ({ file: path, content: text })),
      volumes: service.volumes,
      ports: [{ internal: service.internalPort, external: published.port, ip: published.address }],
      destroyGraceSeconds: STOP_TIMEOUT_SECONDS,
      labels: dockerLabels(owner, service.role),
    },
    {
      parent,
      dependsOn: [...service.after],
      ...confinedOptions("labels"),
      ...clearedBeforeCreate(name, async (engine) => {
        await clearContainer(engine, owner, name);
        await checkPortsFree(engine, [published]);
      }),
    },
  );
}
