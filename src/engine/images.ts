import type Docker from "dockerode";
import { dockerWords, EngineError, hasStatus } from "./error.ts";

/** An image and the config key that names it. */
export interface WantedImage {
  readonly key: string;
  readonly reference: string;
}

/**
 * Pulls the images that the engine does not have, before any container is touched.
 * @throws {EngineError} naming every image that cannot be had
 */
export async function pullMissingImages(docker: Docker, wanted: readonly WantedImage[]): Promise<void> {
  const results = await Promise.allSettled(wanted.map((image) => pullIfMissing(docker, image)));
  const failures = results.flatMap((result) => (result.status === "rejected" ? [dockerWords(result.reason)] : []));
  if (failures.length > 0) throw new EngineError(failures.join("\n"));
}

async function pullIfMissing(docker: Docker, { key, reference }: WantedImage): Promise<void> {
  try {
    await docker.getImage(reference).inspect();
    return;
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
  }
  try {
    const progress = await docker.pull(/[:@]/.test(reference.slice(reference.lastIndexOf("/") + 1)) ? reference : `${reference}:latest`);
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(progress, (error) => (error === null ? resolve() : reject(error)));
    });
  } catch (cause) {
    throw new EngineError(
      `image ${reference} (${key}) is not on the engine and cannot be pulled: ${dockerWords(cause)}; correct ${key}, or load the image`,
      {
        cause,
      },
    );
  }
}
