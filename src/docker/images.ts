import type Docker from "dockerode";
import { readMadeFrom } from "../stack/made-from.ts";
import type { ConfiguredSettings } from "../stack/settings.ts";
import { settle } from "../stack/settled.ts";
import { dockerWords, EngineError } from "./engine-error.ts";
import { inspectImage, listContainers } from "./engine-replies.ts";
import { pullIfWanted } from "./image-pull.ts";
import { MADE_FROM_LABEL, STACK_LABEL } from "./labels.ts";
import { isOfPlatform } from "./platform.ts";

/** An image and the config key that names it. */
export interface WantedImage {
  readonly key: string;
  readonly reference: string;
  /** Whether the registry is asked for it although the engine has it. */
  readonly isAlwaysPulled?: boolean;
  /** As in `linux/arm64/v8`; any of the engine's own where it is left out. */
  readonly platform?: string;
}

const APP_IMAGE = "app.image";

/** Lists the images that a stack's containers are made from. */
export const imagesOf = ({ app, haproxyImage, monitoring }: ConfiguredSettings): WantedImage[] => [
  { key: "haproxyImage", reference: haproxyImage },
  { key: APP_IMAGE, reference: app.image, isAlwaysPulled: app.pull === "always", platform: app.platform },
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

/**
 * Finds the images that a stack's containers are made from. Where the engine has none under a reference, but
 * the stack has containers that were made from it, that is taken for it, since only an update finds out.
 * @returns Docker's ids of them, by reference, and those that the engine does not have
 */
export async function findImages(docker: Docker, stack: string, wanted: readonly WantedImage[]) {
  const found = await Promise.all(
    wanted.map(async (image) => [image, await findImage(docker, image)] as const),
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

/** Docker's id of an image. One for another platform will not do, and is pulled as if it were not there. */
async function findImage(docker: Docker, { reference, platform = "" }: WantedImage) {
  const found = await inspectImage(docker, reference);
  return found !== undefined && isOfPlatform(found, platform) ? found.Id : undefined;
}

/**
 * Refuses an image that runs as root where the config does not let it. An image that the engine does not have
 * yet passes: it is checked again once it is there.
 * @throws {EngineError} The message names the key to set.
 */
export async function refuseRoot(docker: Docker, { app }: Pick<ConfiguredSettings, "app">): Promise<void> {
  if (!app.refusesRoot) return;
  const found = await inspectImage(docker, app.image);
  if (found === undefined || !/^(root|0)?(:|$)/.test(found.Config.User)) return;
  const what =
    "set app.user to another user, such as 1000, or to root to let it, " +
    "or app.security to docker for all that docker run lets it";
  throw new EngineError(`image ${app.image} (${APP_IMAGE}) runs as root; ${what}`);
}

/**
 * Finds the TCP ports that the app's image exposes. An image that the engine does not have is pulled, also
 * for a preview, since nothing can be planned without its port. One that only lost its name is looked at.
 * @throws {EngineError} The image cannot be had.
 */
export async function findExposedPorts(
  docker: Docker,
  { stack, app }: ConfiguredSettings,
): Promise<number[]> {
  const wanted: WantedImage = { key: APP_IMAGE, reference: app.image, platform: app.platform };
  const { ids } = await findImages(docker, stack, [wanted]);
  if (!ids.has(app.image)) await pullImages(docker, [wanted]);
  const found = await inspectImage(docker, ids.get(app.image) ?? app.image);
  return Object.keys(found?.Config.ExposedPorts ?? {})
    .flatMap((each) => /^(\d+)\/tcp$/.exec(each)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}
