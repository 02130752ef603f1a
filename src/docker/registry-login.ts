import { spawn } from "node:child_process";
import { once } from "node:events";
import { text as readText } from "node:stream/consumers";
import { z } from "zod";
import { type Auths, authsOf, parseJson, readDockerConfig } from "./docker-config.ts";

/** What the engine is given to log in to a registry with, under the Engine API's names. */
export interface RegistryAuth {
  readonly serveraddress: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly identitytoken?: string | undefined;
  readonly registrytoken?: string | undefined;
}

/** How the docker command is logged in to the registry of an image. */
export interface RegistryLogin {
  /** As `docker login` takes it; empty for Docker Hub. */
  readonly registry: string;
  /** Undefined where nobody is logged in. */
  readonly auth?: RegistryAuth | undefined;
  /** Why a login that there may be cannot be had. It tells no secret. */
  readonly problem?: string | undefined;
}

/** Docker keeps logins to its Hub under this name. */
const HUB = "https://index.docker.io/v1/";

/** The registry of an image, as `docker login` takes it; empty for Docker Hub. */
export function registryOf(reference: string): string {
  const slash = reference.indexOf("/");
  const first = reference.slice(0, Math.max(0, slash));
  const isHost = /[.:]/.test(first) || first === "localhost";
  return isHost && first !== "docker.io" && first !== "index.docker.io" ? first : "";
}

/**
 * Finds what `docker login` left for the registry of an image, where `docker pull` looks for it: in
 * `DOCKER_AUTH_CONFIG`, in the registry's credential helper, in that of all registries, or in the file.
 */
export async function loginFor(reference: string, env = process.env): Promise<RegistryLogin> {
  const registry = registryOf(reference);
  const key = registry || HUB;
  const given = authIn(authsOf(env), key);
  if (given !== undefined) return { registry, auth: given };
  const { auths, credsStore, credHelpers } = await readDockerConfig(env);
  const helper = (Object.hasOwn(credHelpers, key) ? credHelpers[key] : undefined) || credsStore;
  if (helper === "") return { registry, auth: authIn(auths, key) };
  return { registry, ...(await askHelper(`docker-credential-${helper}`, key, env)) };
}

/** Finds a login in a file; by the registry's name if not by its own text, as old files have addresses. */
function authIn(auths: Auths, key: string): RegistryAuth | undefined {
  const hostOf = (address: string): string | undefined => address.replace(/^https?:\/\//, "").split("/")[0];
  const name = Object.hasOwn(auths, key) ? key : Object.keys(auths).find((each) => hostOf(each) === key);
  const found = name === undefined ? undefined : auths[name];
  if (name === undefined || found === undefined) return undefined;
  const { auth = "", username, password, identitytoken, registrytoken } = found;
  const [, user, secret] = /^([^:]+):(.*)$/s.exec(Buffer.from(auth, "base64").toString()) ?? [];
  const login = {
    username: user ?? username,
    password: secret?.replaceAll("\0", "") ?? password,
    identitytoken,
    registrytoken,
  };
  const isEmpty = Object.values(login).every((value) => value === undefined || value === "");
  return isEmpty ? undefined : { serveraddress: name, ...login };
}

const HELPERS_ANSWER = z.object({ Username: z.string(), Secret: z.string() });

/** A helper gives this in place of a user whose secret is an identity token. */
const TOKEN_USER = "<token>";

/** Asks a credential helper, which is a program on the PATH. What it prints may be secret. */
async function askHelper(
  program: string,
  key: string,
  env: NodeJS.ProcessEnv,
): Promise<Pick<RegistryLogin, "auth" | "problem">> {
  const child = spawn(program, ["get"], { env, stdio: ["pipe", "pipe", "ignore"] });
  child.stdin.on("error", () => {}); // a helper need not read
  child.stdin.end(key);
  const printed = readText(child.stdout);
  let code: unknown;
  try {
    [code] = await once(child, "close");
  } catch {
    return { problem: `${program} cannot be run: put it on the PATH` };
  }
  const output = await printed;
  if (code !== 0 && output.includes("credentials not found")) return {};
  if (code !== 0) return { problem: `${program} get ended with exit code ${code}` };
  const answer = parseJson(output, HELPERS_ANSWER);
  if (answer === undefined) return { problem: `${program} get did not answer as a credential helper does` };
  const { Username: username, Secret: secret } = answer;
  const isToken = username === TOKEN_USER;
  return {
    auth: { serveraddress: key, ...(isToken ? { identitytoken: secret } : { username, password: secret }) },
  };
}
