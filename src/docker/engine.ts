import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import type { Settings } from "../stack/settings.ts";
import { LOOPBACK } from "../stack/topology.ts";
import { DialStdioAgent, MOST_REQUESTS, sshHost } from "./dial-stdio.ts";
import { type EngineAddress, findEngine } from "./engine-address.ts";
import { dockerWords, EngineError, UnreachableError } from "./engine-error.ts";

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

interface Connecting {
  /** As many are under way at a time where each takes a program of its own, by ssh. */
  readonly requests?: number;
  /**
   * An engine by its address, as in `DOCKER_HOST`; without it the one that the docker command would talk to.
   */
  readonly host?: string | undefined;
  /** Names the engine in messages. */
  readonly what?: string;
}

/**
 * Connects to an engine. A process has one client for each.
 * @throws {UnreachableError} The engine does not answer.
 */
export async function connectEngine({
  requests = MOST_REQUESTS,
  host,
  what,
}: Connecting = {}): Promise<Docker> {
  const address = await findEngine(host === undefined ? process.env : { ...process.env, DOCKER_HOST: host });
  const key = `${address.host} ${address.certPath} ${requests}`;
  const docker = clients.get(key) ?? createClient(address, requests);
  clients.set(key, docker);
  // Several machines are asked, of which some may be dead; one engine may take its time.
  const abortSignal = host === undefined ? undefined : AbortSignal.timeout(patienceWith(address));
  // Its types do not know that it takes options, as all others do.
  const ping: (options: object) => Promise<unknown> = docker.ping.bind(docker);
  try {
    await ping({ abortSignal });
  } catch (cause) {
    const choose = address.context === "" ? "set DOCKER_HOST" : "choose another: docker context use NAME";
    const where = host === undefined ? describeEngine(address) : `at ${host}`;
    const remedy = host === undefined ? `start it, or ${choose}` : "start it";
    const why = abortSignal?.aborted
      ? `no answer within ${patienceWith(address) / 1000} s`
      : dockerWords(cause);
    throw new UnreachableError(
      `${what ?? "the Docker engine"} ${where} is not reachable (${why}); ${remedy}`,
      { cause },
    );
  }
  return docker;
}

/** An engine says at once that it is there, but where its host is busy; ssh has time-outs of its own. */
const patienceWith = ({ host }: EngineAddress): number => (host.startsWith("ssh:") ? 40_000 : 10_000);

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
