import { docker } from "./running-stack.ts";

/**
 * Gives a reference to another image than it had, as `docker build --tag` does.
 * @returns the image's short id
 */
export async function buildImage(reference: string, from: string, version: string): Promise<string> {
  const [repo, tag] = reference.split(/:(?=[^:/]*$)/);
  const container = await docker.createContainer({ Image: from });
  try {
    await container.commit({ repo, tag, changes: `LABEL version=${version}` });
  } finally {
    await container.remove();
  }
  return shortImageId(reference);
}

/** The short id of the image that has a reference. */
export const shortImageId = async (reference: string): Promise<string> =>
  (await docker.getImage(reference).inspect()).Id.slice(7, 19);
