import type Docker from "dockerode";
import { readMadeFrom } from "../stack/made-from.ts";
import type { Settings } from "../stack/settings.ts";
import { settle } from "../stack/settled.ts";
import { dockerWords, EngineError } from "./engine-error.ts";
import { inspectImage, listContainers } from "./engine-replies.ts";
import { MADE_FROM_LABEL, STACK_LABEL } from "./labels.ts";

/** An image and the config key that names it. */
export interface WantedImage {
  readonly key: string;
  readonly reference: string;
  /** Whether the registry is asked for it although the engine has it. */
  readonly isAlwaysPulled?: boolean;
}

/** Lists the images that a stack's containers are made from. */
export const imagesOf = ({ app, haproxyImage, monitoring }: Settings): WantedImage[] => [
  { key: "haproxyImage", reference: haproxyImage },
  { key: "app.image", reference: app.image, isAlwaysPulled: app.pull === "always" },
  ...(monitoring === undefined
    ? []
    : [
        { key: "prometheusImage", reference: monitoring.prometheusImage },
        { key: "grafanaImage", reference: monitoring.grafanaImage },
      ]),
];

/**
 * Pulls the images that the engine does not have, and those that are to be the registry's own, before any
 * container is touched.
 * @throws {EngineError} The message names every image that cannot be had.
 */
export async function pullImages(docker: Docker, wanted: readonly WantedImage[]): Promise<void> {
  const { failures } = await settle(wanted.map((image) => pullIfWanted(docker, image)));
  if (failures.length > 0) throw new EngineError(failures.map(dockerWords).join("\n"));
}

async function pullIfWanted(docker: Docker, { key, reference, isAlwaysPulled }: WantedImage): Promise<void> {
  const isThere = (await inspectImage(docker, reference)) !== undefined;
  if (isThere && !isAlwaysPulled) return;
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
    const why = `${isThere ? "" : "is not on the engine and "}cannot be pulled: ${dockerWords(cause)}`;
    const instead = isThere ? "set app.pull to missing" : "load the image";
    throw new EngineError(`image ${reference} (${key}) ${why}; correct ${key}, or ${instead}`, { cause });
  }
}

/**
 * Finds the images that a stack's containers are made from. Where the engine has none under a reference, but
 * the stack has containers that were made from it, that is taken for it, since only an update finds out.
 * @returns Docker's ids of them, by reference, and those that the engine does not have
 */
export async function findImages(docker: Docker, stack: string, wanted: readonly WantedImage[]) {
  const found = await Promise.all(
    wanted.map(async (image) => [image, (await inspectImage(docker, image.reference))?.Id] as const),
  );
  const missing = found.flatMap(([image, id]) => (id === undefined ? [image] : []));
  const filters = { label: [`${STACK_LABEL}=${stack}`] };
  const containers = missing.length === 0 ? [] : await listContainers(docker, { all: true, filters });
  const idOf = ({ key, reference }: WantedImage): string | undefined =>
    containers.find(({ Labels }) => readMadeFrom(Labels[MADE_FROM_LABEL])?.[key] === reference)?.ImageID;
  const ids = found.flatMap(([image, id = idOf(image)]) =>
    id === undefined ? [] : [[image.reference, id] as const],
  );
  return { ids: new Map(ids), missing };
}

/**
 * Refuses an image that runs as root, unless the config names a user. An image that the engine does not have
 * yet passes: it is checked again once it is there.
 * @throws {EngineError} The message names the key to set.
 */
export async function refuseRoot(docker: Docker, { key, reference }: WantedImage, user: string) {
  if (user !== "") return;
  const found = await inspectImage(docker, reference);
  if (found === undefined || !/^(root|0)?(:|$)/.test(found.Config.User)) return;
  const what = "set app.user to another user, such as 1000, or to root to let it";
  throw new EngineError(`image ${reference} (${key}) runs as root; ${what}`);
}
