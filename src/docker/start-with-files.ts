import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import tar from "tar-stream";
import type { Report } from "../haproxy/servers/report.ts";
import { dockerWords, EngineError } from "./engine-error.ts";
import type { Labels } from "./labels.ts";
import { startOnOverlay } from "./start-on-overlay.ts";

/** A container with a place of its own on a Swarm's network. */
interface PlacedContainer {
  readonly name: string;
  /** What the engine gets to make it from, besides the rest. */
  readonly made: Docker.ContainerCreateOptions;
  readonly labels: Labels;
  readonly pids: number;
  readonly network: string;
  readonly address: string;
}

/**
 * Makes a container, puts files into it, and starts it. One that cannot be started is removed again.
 * @throws {EngineError} The message has Docker's words.
 */
export async function startWithFiles(
  docker: Docker,
  { name, pids, network, address, ...container }: PlacedContainer,
  files: Readonly<Record<string, string>>,
  report: Report,
): Promise<void> {
  const made: Docker.ContainerCreateOptions = {
    ...container.made,
    name,
    Labels: { ...container.labels },
    HostConfig: { ...container.made.HostConfig, NetworkMode: network, PidsLimit: pids },
    NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } } },
  };
  let created: Docker.Container | undefined;
  try {
    created = await docker.createContainer(made);
    const entries = Object.entries(files);
    if (entries.length > 0) {
      const pack = tar.pack();
      for (const [path, text] of entries) pack.entry({ name: path.slice(1), mode: 0o644 }, text);
      pack.finalize();
      await created.putArchive(await buffer(pack), { path: "/" });
    }
    await startOnOverlay(created, report);
  } catch (cause) {
    await created?.remove({ force: true });
    throw new EngineError(`container ${name} cannot be started: ${dockerWords(cause)}`, { cause });
  }
}
