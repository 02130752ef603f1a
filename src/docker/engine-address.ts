import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { dockerFolder, readDockerConfig, readJson } from "./docker-config.ts";
import { EngineError } from "./engine-error.ts";

/** Where a Docker engine is, and who says so. */
export interface EngineAddress {
  /** As the docker command has it: `unix:///path`, `tcp://host:port` or `ssh://user@host:port`. */
  readonly host: string;
  /** The folder of `ca.pem`, `cert.pem` and `key.pem`; empty without TLS. */
  readonly certPath: string;
  /** The Docker context that says so; empty where the environment does, or nothing. */
  readonly context: string;
}

const LOCAL = "unix:///var/run/docker.sock";

const CERTIFICATES = ["ca.pem", "cert.pem", "key.pem"];

/**
 * Finds the engine that the docker command would talk to: that of `DOCKER_HOST`, of the context in
 * `DOCKER_CONTEXT`, of the current context, or the local one.
 * @throws {EngineError} It names none, or one that not all of Balancer's parts can talk to.
 */
export async function findEngine(env: NodeJS.ProcessEnv = process.env): Promise<EngineAddress> {
  if (env.DOCKER_HOST) return addressIn(env);
  const context = env.DOCKER_CONTEXT || (await readDockerConfig(env)).currentContext;
  return context === "" || context === "default" ? addressIn(env) : addressOf(context, env);
}

function addressIn(env: NodeJS.ProcessEnv): EngineAddress {
  const isTls = Boolean(env.DOCKER_TLS_VERIFY || env.DOCKER_TLS);
  const host = readHost(env.DOCKER_HOST || (isTls ? "tcp://localhost:2376" : LOCAL), "DOCKER_HOST");
  if (!isTls || !host.startsWith("tcp:")) return { host, certPath: "", context: "" };
  if (!env.DOCKER_TLS_VERIFY) throw unverified(host, "set DOCKER_TLS_VERIFY=1");
  const certPath = env.DOCKER_CERT_PATH || dockerFolder(env);
  requireCertificates(host, certPath);
  return { host, certPath, context: "" };
}

const META = z.object({
  Endpoints: z.object({
    docker: z.object({ Host: z.string(), SkipTLSVerify: z.boolean().default(false) }),
  }),
});

/** Reads a context from where the docker command keeps it. */
async function addressOf(context: string, env: NodeJS.ProcessEnv): Promise<EngineAddress> {
  const folder = join(dockerFolder(env), "contexts");
  const id = createHash("sha256").update(context).digest("hex");
  const meta = await readJson(join(folder, "meta", id, "meta.json"), META);
  const what = `Docker context ${context}`;
  if (meta === undefined)
    throw new EngineError(`there is no ${what}; choose another: docker context use NAME, or DOCKER_CONTEXT`);
  const { Host, SkipTLSVerify } = meta.Endpoints.docker;
  const host = readHost(Host, what);
  const certPath = join(folder, "tls", id, "docker");
  if (!host.startsWith("tcp:") || !(SkipTLSVerify || existsSync(certPath)))
    return { host, certPath: "", context };
  if (SkipTLSVerify) throw unverified(host, `make ${what} anew without skip-tls-verify`);
  requireCertificates(host, certPath);
  return { host, certPath, context };
}

/** What the docker command takes, a host without a port or a scheme as well. */
const TCP = /^(?:tcp:\/\/)?([\w.-]+|\[[\da-fA-F:.]+\])(?::(\d{1,5}))?\/?$/;
const SSH = /^ssh:\/\/(?:[\w.][\w.@+-]*@)?(?:[\w.][\w.-]*|\[[\da-fA-F:.]+\])(?::\d{1,5})?(?:\/[\w./-]*)?$/;

function readHost(given: string, from: string): string {
  const [, host, port = "2375"] = TCP.exec(given) ?? [];
  if (host !== undefined) return `tcp://${host}:${port}`;
  if (given === "unix://") return LOCAL;
  if (/^(unix|npipe):\/\/./.test(given) || SSH.test(given)) return given;
  const allowed = "unix:///path, tcp://host:port or ssh://user@host:port";
  // A password may be in it.
  const shown = given.replace(/:[^:@/]*@/, ":…@");
  throw new EngineError(`${from} is ${JSON.stringify(shown)}; allowed: ${allowed}`);
}

const unverified = (host: string, what: string): EngineError =>
  new EngineError(`the Docker engine at ${host} would be believed without its certificate; ${what}`);

function requireCertificates(host: string, folder: string): void {
  const missing = CERTIFICATES.filter((name) => !existsSync(join(folder, name)));
  if (missing.length === 0) return;
  const what = `needs ${CERTIFICATES.join(", ")} in ${folder}`;
  throw new EngineError(`the Docker engine at ${host} ${what}, and ${missing.join(", ")} is not there`);
}
