import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { checkPortsFree } from "../docker/free-ports.ts";
import type { Role } from "../docker/labels.ts";
import { clearContainer, type Owner } from "../docker/leftovers.ts";
import { GRAFANA_ENV, GRAFANA_PORT, grafanaFiles } from "../monitoring/grafana.ts";
import {
  PROMETHEUS_DATA,
  PROMETHEUS_PORT,
  type ProvisionedFile,
  prometheusFiles,
} from "../monitoring/prometheus.ts";
import { monitoringPorts, type PublishedPort } from "../stack/published-ports.ts";
import type { Monitoring, MonitoringService, Topology } from "../stack/topology.ts";
import { confined, confinedOptions } from "./confinement.ts";
import { clearedBeforeCreate, createVolume, dockerLabels } from "./ownership.ts";
import { RESTART_POLICY } from "./restart-policy.ts";

interface MonitoringArgs {
  readonly topology: Topology;
  readonly logDriver: string;
  readonly owner: Owner;
  readonly network: docker.Network;
  /** What must be done before Prometheus asks for the first time: HAProxy runs a config that lets it in. */
  readonly after: readonly pulumi.Resource[];
  readonly parent: pulumi.Resource;
}

interface Service extends MonitoringService {
  readonly role: Role;
  readonly files: readonly ProvisionedFile[];
  readonly env: readonly string[];
  readonly volumes: docker.ContainerArgs["volumes"];
  readonly internalPort: number;
  readonly published: PublishedPort;
  readonly memoryMb: number;
  readonly after: readonly pulumi.Resource[];
}

/** Processes and threads of each container. */
export const MONITORING_PIDS = 512;
const OPEN_FILES = 16_384;
/** Prometheus writes what it has in memory before it ends. */
const STOP_TIMEOUT_SECONDS = 10;

/** Declares a Prometheus that scrapes every balancer, and a Grafana that shows what it has. */
export function createMonitoring(monitoring: Monitoring, args: MonitoringArgs): docker.Container[] {
  const { prometheus, grafana } = monitoring;
  const [prometheusPort, grafanaPort] = monitoringPorts(monitoring);
  const data = createVolume(prometheus.volumeName, "prometheus-data", args.owner, args.parent);
  const services: Service[] = [
    {
      ...prometheus,
      role: "prometheus",
      files: prometheusFiles(args.topology),
      env: [],
      volumes: [{ volumeName: data.name, containerPath: PROMETHEUS_DATA }],
      internalPort: PROMETHEUS_PORT,
      published: prometheusPort,
      memoryMb: 1024,
      after: args.after,
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
  return services.map((service) => createService(service, args));
}

function createService(
  service: Service,
  { logDriver, owner, network, parent }: MonitoringArgs,
): docker.Container {
  const {
    containerName: name,
    address,
    image,
    files,
    env,
    volumes,
    internalPort,
    published,
    memoryMb,
    after,
    role,
  } = service;
  return new docker.Container(
    name,
    {
      name,
      image,
      restart: RESTART_POLICY,
      logDriver,
      envs: [...env],
      ...confined({
        user: "", // the images have one that is not root
        readOnly: false, // Docker does not put files into a read-only container
        tmpfs: [],
        capabilities: [],
        allowPrivilegeEscalation: false,
        limits: { memoryMb, pids: MONITORING_PIDS, files: OPEN_FILES },
      }),
      networksAdvanced: [{ name: network.name, ipv4Address: address }],
      uploads: files.map(({ path, text }) => ({ file: path, content: text })),
      volumes,
      ports: [{ internal: internalPort, external: published.port, ip: published.address }],
      destroyGraceSeconds: STOP_TIMEOUT_SECONDS,
      labels: dockerLabels(owner, role),
    },
    {
      parent,
      dependsOn: [...after],
      ...confinedOptions("labels"),
      ...clearedBeforeCreate(name, async (engine) => {
        await clearContainer(engine, owner, name);
        await checkPortsFree(engine, [published]);
      }),
    },
  );
}
