import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import tar from "tar-stream";
import { checkSettings } from "../../src/config/settings-parser.ts";
import { CONFIG_FILE, CONFIG_FOLDER, HAPROXY_COMMAND, PEER_VARIABLE } from "../../src/haproxy/container.ts";
import { type HaproxyConfig, renderConfig } from "../../src/haproxy/file/render.ts";
import { Haproxy } from "../../src/haproxy/runtime/client.ts";
import { readState } from "../../src/haproxy/runtime/running-state.ts";
import { CONTAINER_PORTS } from "../../src/stack/container-ports.ts";
import type { Endpoint } from "../../src/stack/endpoint.ts";
import { withPort } from "../../src/stack/settings.ts";
import { BACKEND, planTopology, type Server, type Topology } from "../../src/stack/topology.ts";
import { removeLabelled } from "../../test/harness/labelled.ts";
import { docker } from "../../test/harness/running-stack.ts";
import { placeOf } from "../../test/harness/stack-places.ts";
import { BENCH_LABEL } from "../label.ts";

const NAME = "bench-haproxy";
const IMAGE = "haproxy:3.2";
const {
  subnet: SUBNET,
  ports: { runtime: RUNTIME_PORT },
} = placeOf(NAME);
const APP_PORT = 9898;
const LABELS = { [BENCH_LABEL]: "sync" };

export const ENDPOINT: Endpoint = { kind: "tcp", host: "127.0.0.1", port: RUNTIME_PORT };

const TOPOLOGY = planTopology(withPort(checkSettings("bench", { count: 0, subnet: SUBNET }), APP_PORT));
const CONFIG = renderConfig(TOPOLOGY);
export const REVISION = CONFIG.revision;
export const CHECK = TOPOLOGY.check;

/**
 * Makes a stack's topology with so many servers. All have HAProxy's own address: only the list is measured.
 */
export function topologyOf(count: number): Topology {
  const address = TOPOLOGY.balancers[0]?.address ?? "";
  const servers = Array.from(
    { length: count },
    (_, index): Server => ({
      name: `s${index + 1}`,
      id: index + 1,
      address,
      port: APP_PORT,
      cookie: `s${index + 1}`,
      containerName: `bench-podinfo${index + 1}`,
    }),
  );
  return { ...TOPOLOGY, servers, backend: { ...TOPOLOGY.backend, servers } };
}

/** Starts HAProxy with a stack's config and no servers. */
export async function startHaproxy(): Promise<void> {
  await stopHaproxy();
  const { gateway, subnet } = TOPOLOGY.network;
  const network = await docker.createNetwork({
    Name: NAME,
    Labels: LABELS,
    IPAM: { Driver: "default", Config: [{ Subnet: subnet, Gateway: gateway }] },
  });
  const runtime = `${CONTAINER_PORTS.runtime}/tcp`;
  const container = await docker.createContainer({
    name: NAME,
    Image: IMAGE,
    Labels: LABELS,
    Cmd: [...HAPROXY_COMMAND],
    Env: [`${PEER_VARIABLE}=${TOPOLOGY.balancers[0]?.peerName ?? ""}`],
    ExposedPorts: { [runtime]: {} },
    HostConfig: {
      NetworkMode: network.id,
      PortBindings: { [runtime]: [{ HostIp: "127.0.0.1", HostPort: String(RUNTIME_PORT) }] },
    },
    NetworkingConfig: {
      EndpointsConfig: {
        [network.id]: { IPAMConfig: { IPv4Address: TOPOLOGY.balancers[0]?.address ?? "" } },
      },
    },
  });
  await container.putArchive(await packConfig(CONFIG), { path: CONFIG_FOLDER });
  await container.start();
  await waitReachable();
}

/** Removes the container and its network, also those of a killed run. */
export const stopHaproxy = (): Promise<void> => removeLabelled(docker, `${BENCH_LABEL}=sync`);

/** Packs the stack's config, and an app that is always well: HAProxy itself. */
function packConfig({ text }: HaproxyConfig): Promise<Buffer> {
  const app = `\nfrontend app from web\n    bind :${APP_PORT}\n    http-request return status 200\n`;
  const pack = tar.pack();
  pack.entry({ name: CONFIG_FILE, mode: 0o644 }, text + app);
  pack.finalize();
  return buffer(pack);
}

async function waitReachable(): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      await readState(new Haproxy(ENDPOINT, BACKEND));
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await sleep(100);
  }
}
