import type Docker from "dockerode";
import { settle } from "../stack/settled.ts";
import { dockerWords, EngineError } from "./engine-error.ts";
import { inspectImage } from "./engine-replies.ts";

/** An image and the config key that names it. */
export interface WantedImage {
  readonly key: string;
  readonly reference: string;
}

/**
 * Pulls the images that the engine does not have, before any container is touched.
 * @throws {EngineError} The message names every image that cannot be had.
 */
export async function pullMissingImages(docker: Docker, wanted: readonly WantedImage[]): Promise<void> {
  const { failures } = await settle(wanted.map((image) => pullIfMissing(docker, image)));
  if (failures.length > 0) throw new EngineError(failures.map(dockerWords).join("\n"));
}

async function pullIfMissing(docker: Docker, { key, reference }: WantedImage): Promise<void> {
  if ((await inspectImage(docker, reference)) !== undefined) return;
  try {
    const progress = await docker.pull(
      /[:@]/.test(reference.slice(reference.lastIndexOf("/") + 1)) ? reference : `${reference}:latest`,
    );
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(progress, (error, steps) => {
        // Docker has already answered 200 when a pull fails half way, so the last step tells of the failure.
        const failure = error ?? steps.find(({ error }) => error !== undefined);
        if (failure == null) resolve();
        else reject(failure instanceof Error ? failure : new Error(failure.error));
      });
    });
  } catch (cause) {
    const why = `is not on the engine and cannot be pulled: ${dockerWords(cause)}`;
    throw new EngineError(`image ${reference} (${key}) ${why}; correct ${key}, or load the image`, { cause });
  }
}

/**
 * Refuses an image that runs as root, unless the config names a user. An image that the engine does not have
 * yet passes: it is checked again once it is there.
 * @throws {EngineError} The message names the key to set.
 */
export async function refuseRoot(
  docker: Docker,
  { key, reference }: WantedImage,
  user: string,
): Promise<void> {
  if (user !== "") return;
  const found = await inspectImage(docker, reference);
  if (found === undefined || !/^(root|0)?(:|$)/.test(found.Config.User)) return;
  const what = "set app.user to another user, such as 1000, or to root to let it";
  throw new EngineError(`image ${reference} (${key}) runs as root; ${what}`);
}
