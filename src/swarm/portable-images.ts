import type { Engine } from "../docker/engine.ts";
import { EngineError } from "../docker/engine-error.ts";
import { inspectImage } from "../docker/engine-replies.ts";
import { imagesOf, pullImages, type WantedImage } from "../docker/images.ts";
import type { ConfiguredSettings } from "../stack/settings.ts";
import { messageOf, settle } from "../stack/settled.ts";

/**
 * Finds names under which every machine gets the very image that a manager has: by the digest of its
 * registry, or by Docker's id where no registry has it. The same tag may be another image tomorrow, or on
 * another machine today.
 * @param ids Docker's ids of the images, by the references that the config has
 * @returns the names by the same references
 */
export async function findPortable(
  manager: Engine,
  ids: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, string>> {
  const found = await Promise.all(
    [...ids].map(async ([reference, id]) => {
      const image = await inspectImage(manager, id);
      const own = image?.RepoDigests.filter((each) => repositoryOf(each) === repositoryOf(reference));
      // One image may have been pushed twice, under two digests.
      const named = own?.find((each) => each.endsWith(reference.replace(/^[^@]*/, "")));
      return [reference, named ?? id] as const;
    }),
  );
  return new Map(found);
}

/** The repository of a reference, as an engine tells it: what is of Docker Hub has no host. */
const repositoryOf = (reference: string): string =>
  reference
    .replace(/@.*$/, "")
    .replace(/:[^:/]+$/, "")
    .replace(/^(index\.)?docker\.io\//, "")
    .replace(/^library\//, "");

/**
 * Brings each machine that is there the images of what is bound to it, the very ones that a manager has.
 * @throws {EngineError} The message names every image that cannot be had, and the machine.
 */
export async function bringToMachines(
  manager: Engine,
  machines: ReadonlyMap<string, Engine>,
  settings: ConfiguredSettings,
): Promise<void> {
  const wanted = await Promise.all(imagesOf(settings).map((image) => asOnManager(manager, image)));
  const { failures } = await settle(
    [...machines].flatMap(([name, engine]) =>
      wanted.filter(isWantedOn(name, settings)).map((image) => bring(engine, name, image)),
    ),
  );
  if (failures.length > 0) throw new EngineError(failures.map(messageOf).join("\n"));
}

/** What watches the balancers is on the first machine alone. */
const isWantedOn =
  (machine: string, { swarm }: ConfiguredSettings) =>
  ({ key }: WantedImage): boolean =>
    !["prometheusImage", "grafanaImage"].includes(key) || swarm?.machines[0]?.name === machine;

async function asOnManager(manager: Engine, image: WantedImage) {
  const { reference } = image;
  const id = (await inspectImage(manager, reference))?.Id ?? reference;
  const portable = (await findPortable(manager, new Map([[reference, id]]))).get(reference) ?? reference;
  return { ...image, portable };
}

async function bring(
  engine: Engine,
  machine: string,
  { key, reference, portable, platform }: WantedImage & { readonly portable: string },
): Promise<void> {
  const isOfRegistry = portable.includes("@");
  // What tasks run is pulled by the machine that runs them, and any machine may.
  if (isOfRegistry && key === "app.image") return;
  if (isOfRegistry) {
    try {
      return await pullImages(engine, [{ key, reference: portable, ...(platform && { platform }) }]);
    } catch (cause) {
      throw new EngineError(`machine ${machine}: ${messageOf(cause)}`, { cause });
    }
  }
  if ((await inspectImage(engine, portable)) !== undefined) return;
  const where = `is on the manager, from no registry, and not on machine ${machine}`;
  throw new EngineError(`image ${reference} (${key}) ${where}; load it there, or push it to a registry`);
}
