import type Docker from "dockerode";
import { dockerWords, EngineError } from "./engine-error.ts";
import { inspectImage } from "./engine-replies.ts";
import type { WantedImage } from "./images.ts";
import { isOfPlatform, platformOf } from "./platform.ts";
import { loginFor, type RegistryAuth, type RegistryLogin } from "./registry-login.ts";

/** Registries say so when they do not know who asks, and Docker Hub also when it has no such image. */
const NO_ENTRY = /no basic auth credentials|unauthorized|authentication required|denied|forbidden/i;

/**
 * Pulls an image if the engine does not have it, or if it is always pulled, with the login that the docker
 * command has for its registry.
 * @throws {EngineError} The message says what to do, and tells no secret.
 */
export async function pullIfWanted(docker: Docker, image: WantedImage): Promise<void> {
  const { key, reference, platform = "", isAlwaysPulled } = image;
  const found = await inspectImage(docker, reference);
  const isThere = found !== undefined && isOfPlatform(found, platform);
  if (isThere && !isAlwaysPulled) return;
  const login = await loginFor(reference);
  try {
    await pull(docker, reference, platform, login.auth);
  } catch (cause) {
    const words = withoutSecrets(dockerWords(cause), login.auth);
    const isRefused = NO_ENTRY.test(words);
    const where =
      found === undefined
        ? "is not on the engine and "
        : isThere
          ? ""
          : `is on the engine for ${platformOf(found)}, not for ${platform}, and `;
    const remedies = [
      ...(isRefused ? [`log in with: ${`docker login ${login.registry}`.trim()}`] : []),
      `correct ${key}`,
      found === undefined
        ? "load the image"
        : isThere
          ? "set app.pull to missing"
          : `set app.platform to ${platformOf(found)}`,
    ];
    const told = `${words}${isRefused || login.problem ? ` (${describeLogin(login)})` : ""}`;
    const todo = `${remedies.slice(0, -1).join(", ")}, or ${remedies.at(-1)}`;
    throw new EngineError(`image ${reference} (${key}) ${where}cannot be pulled: ${told}; ${todo}`, {
      cause,
    });
  }
  await refusePlatform(docker, image);
}

/**
 * Refuses an image that is not of the platform that the config names.
 * @throws {EngineError}
 */
async function refusePlatform(docker: Docker, { key, reference, platform = "" }: WantedImage): Promise<void> {
  const pulled = platform === "" ? undefined : await inspectImage(docker, reference);
  if (pulled === undefined || isOfPlatform(pulled, platform)) return;
  const is = platformOf(pulled);
  const what = `set app.platform to ${is}, or ${key} to an image for ${platform}`;
  throw new EngineError(`image ${reference} (${key}) is for ${is}, not for ${platform}; ${what}`);
}

async function pull(
  docker: Docker,
  reference: string,
  platform: string,
  auth: RegistryAuth | undefined,
): Promise<void> {
  const [tagged = "", digest] = reference.split("@");
  const [, name = tagged, tag = "latest"] = /^(.*):([^:/]+)$/.exec(tagged) ?? [];
  const progress = await docker.createImage(auth, {
    fromImage: name,
    tag: digest ?? tag, // a digest decides alone, as the docker command has it
    ...(platform !== "" && { platform }),
  });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(progress, (error, steps) => {
      // Docker has already answered 200 when a pull fails half way, so the last step tells of the failure.
      const failure = error ?? steps.find(({ error }) => error !== undefined);
      if (failure == null) resolve();
      else reject(failure instanceof Error ? failure : new Error(failure.error));
    });
  });
}

function describeLogin({ registry, auth, problem }: RegistryLogin): string {
  const where = registry || "Docker Hub";
  if (problem !== undefined) return `no login for ${where}: ${problem}`;
  return auth === undefined ? `docker is not logged in to ${where}` : `with docker's login for ${where}`;
}

function withoutSecrets(words: string, auth: RegistryAuth | undefined): string {
  const secrets = [auth?.password, auth?.identitytoken, auth?.registrytoken];
  return secrets.reduce<string>((told, secret) => (secret ? told.replaceAll(secret, "…") : told), words);
}
