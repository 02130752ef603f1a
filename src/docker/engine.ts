import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import type { Settings } from "../stack/settings.ts";
import { LOOPBACK } from "../stack/topology.ts";
import { DialStdioAgent, MOST_REQUESTS, sshHost } from "./dial-stdio.ts";
import { type EngineAddress, findEngine } from "./engine-address.ts";
import { dockerWords, EngineError } from "./engine-error.ts";

/** A Docker engine. Other rooms hold it, and only this room talks to it. */
export type Engine = Docker;

/** Tells the host name or address of the engine's host; loopback for a socket of this host. */
export async function engineHost({ host }: EngineAddress): Promise<string> {
  const address = URL.parse(host);
  if (address?.protocol === "ssh:") return await sshHost(address);
  return address?.hostname || LOOPBACK;
}

/** Whether an engine's host is this one, so that what it publishes on loopback can be reached from here. */
export async function isLocalEngine(address: EngineAddress): Promise<boolean> {
  const name = (await engineHost(address)).replace(/^\[|\]$/g, "");
  const own = Object.values(networkInterfaces()).flatMap((each = []) => each.map(({ address }) => address));
  try {
    const { address: found } = await lookup(name);
    return found.startsWith("127.") || found === "::1" || own.includes(found);
  } catch {
    return false; // only the engine's own proxy knows the name
  }
}

/**
 * Tells where an engine's host is reached, and refuses one whose runtime API is not.
 * @throws {EngineError} The runtime API would be on another host's loopback.
 */
export async function reachableHost(
  engine: EngineAddress,
  { runtimeTls }: Pick<Settings, "runtimeTls">,
): Promise<string> {
  const host = await engineHost(engine);
  if (runtimeTls !== undefined || (await isLocalEngine(engine))) return host;
  const where = `the Docker engine ${describeEngine(engine)} is on another host`;
  const what = "set runtimeTls.enabled to true (docs/tls.md), or choose an engine of this host";
  throw new EngineError(`${where}, where nobody but that host reaches HAProxy's runtime API; ${what}`);
}

/** Says which engine is meant, as in an error's text. */
export function describeEngine({ host, context }: EngineAddress): string {
  if (context !== "") return `at ${host} (Docker context ${context})`;
  return process.env.DOCKER_HOST ? `at ${host}` : "at the local socket";
}

const clients = new Map<string, Docker>();

/**
 * Connects to the engine that the docker command would talk to. A process has one client for each.
 * @param requests as many are under way at a time where each takes a program of its own, by ssh
 * @throws {EngineError} The engine does not answer.
 */
export async function connectEngine({ requests = MOST_REQUESTS } = {}): Promise<Docker> {
  const address = await findEngine();
  const key = `${address.host} ${address.certPath} ${requests}`;
  const docker = clients.get(key) ?? createClient(address, requests);
  clients.set(key, docker);
  try {
    await docker.ping();
  } catch (cause) {
    const choose = address.context === "" ? "set DOCKER_HOST" : "choose another: docker context use NAME";
    const where = describeEngine(address);
    throw new EngineError(
      `the Docker engine ${where} is not reachable (${dockerWords(cause)}); start it, or ${choose}`,
      { cause },
    );
  }
  return docker;
}

function createClient({ host, certPath }: EngineAddress, requests: number): Docker {
  const [, socketPath] = /^(?:unix|npipe):\/\/(.*)$/.exec(host) ?? [];
  if (socketPath !== undefined) return new Docker({ socketPath });
  const address = new URL(host);
  if (address.protocol === "ssh:") {
    // The name is not looked up: the agent knows the way.
    const options = {
      protocol: "http",
      host: "docker",
      port: 80,
      agent: new DialStdioAgent(address, requests),
    } as const;
    return new Docker(options);
  }
  const place = { host: address.hostname, port: Number(address.port) };
  if (certPath === "") return new Docker({ protocol: "http", ...place });
  const [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map((name) => readFileSync(join(certPath, name)));
  return new Docker({ protocol: "https", ...place, ca, cert, key });
}
