import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import tar from "tar-stream";
import { z } from "zod";
import {
  CERTIFICATE_FILE,
  CONFIG_FILE,
  CONFIG_FOLDER,
  HAPROXY_COMMAND,
  PEER_VARIABLE,
} from "../../src/haproxy/container.ts";
import { createSelfSigned } from "../../src/tls/issuing.ts";
import { HAPROXY_IMAGE } from "../../test/harness/haproxy-image.ts";
import { removeLabelled } from "../../test/harness/labelled.ts";
import { docker } from "../../test/harness/running-stack.ts";
import { BENCH_LABEL } from "../label.ts";
import { APP_CONFIG, NAME, TOPOLOGY } from "./configs.ts";
import type { Client } from "./load.ts";

const LABELS = { [BENCH_LABEL]: "door" };
const READY_MS = 10_000;

const STATS = z.object({ cpu_stats: z.object({ cpu_usage: z.object({ total_usage: z.number() }) }) });

/** One HAProxy with some config, in front of apps that answer at once. */
export class Door {
  readonly #container: Docker.Container;

  private constructor(container: Docker.Container) {
    this.#container = container;
  }

  /**
   * Starts a HAProxy as an update makes it, and waits until it passes requests on.
   * @returns undefined when it refuses the config
   */
  static async open(config: string, pem: string, client: Client): Promise<Door | undefined> {
    const { address = "", peerName = "" } = TOPOLOGY.balancers[0] ?? {};
    const files = { [CONFIG_FILE]: config, [CERTIFICATE_FILE]: pem };
    const container = await start("haproxy", address, files, HAPROXY_COMMAND, [
      `${PEER_VARIABLE}=${peerName}`,
    ]);
    const door = new Door(container);
    const deadline = performance.now() + READY_MS;
    while (!(await client.isAnswered())) {
      const { State } = await container.inspect();
      if (!State.Running || performance.now() > deadline) {
        await door.close();
        return undefined;
      }
      await sleep(50);
    }
    return door;
  }

  /** Processor time of all of its processes so far, in microseconds. */
  async cpuMicroseconds(): Promise<number> {
    const stats = STATS.parse(await this.#container.stats({ stream: false, "one-shot": true }));
    return stats.cpu_stats.cpu_usage.total_usage / 1_000;
  }

  async close(): Promise<void> {
    await this.#container.remove({ force: true });
  }
}

/**
 * Makes a network and the apps.
 * @returns a certificate for the door
 */
export async function prepare(): Promise<string> {
  await clear();
  const { gateway, subnet } = TOPOLOGY.network;
  await docker.createNetwork({
    Name: NAME,
    Labels: LABELS,
    IPAM: { Driver: "default", Config: [{ Subnet: subnet, Gateway: gateway }] },
  });
  for (const { name, address } of TOPOLOGY.servers)
    await start(name, address, { [CONFIG_FILE]: APP_CONFIG }, [
      "haproxy",
      "-f",
      `${CONFIG_FOLDER}/${CONFIG_FILE}`,
    ]);
  return createSelfSigned(NAME, ["localhost"], new Date());
}

/** Removes all of it, what a killed run left as well. */
export const clear = (): Promise<void> => removeLabelled(docker, `${BENCH_LABEL}=door`);

async function start(
  name: string,
  address: string,
  files: Readonly<Record<string, string>>,
  command: readonly string[],
  env: readonly string[] = [],
): Promise<Docker.Container> {
  const container = await docker.createContainer({
    name: `${NAME}-${name}`,
    Image: HAPROXY_IMAGE,
    Labels: LABELS,
    Cmd: [...command],
    Env: [...env],
    HostConfig: {
      NetworkMode: NAME,
      LogConfig: { Type: "local", Config: {} },
      Ulimits: [{ Name: "nofile", Soft: 16_384, Hard: 16_384 }],
    },
    NetworkingConfig: { EndpointsConfig: { [NAME]: { IPAMConfig: { IPv4Address: address } } } },
  });
  const pack = tar.pack();
  for (const [file, text] of Object.entries(files)) pack.entry({ name: file, mode: 0o644 }, text);
  pack.finalize();
  await container.putArchive(await buffer(pack), { path: CONFIG_FOLDER });
  await container.start();
  return container;
}
