import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import tar from "tar-stream";
import { ifFound } from "./engine-error.ts";
import { inspectVolume, listContainers, listVolumes } from "./engine-replies.ts";
import { definitionName, type Labels, labelFilter, labelsOf, STACK_LABEL, STATE_LABEL } from "./labels.ts";

/** Files of an app container: texts by path. */
export type AppFiles = Readonly<Record<string, string>>;

/** A container has the volume of its files here as well, which keeps Docker from removing it. */
const FOLDER = "/.balancer-files";
/** Is the last that is put into a volume. */
const WHOLE = "whole";

/**
 * Where the volumes are that this process has filled, by name. All containers of a stack share one, and two
 * that fill it at a time would take its files from each other.
 */
const filled = new Map<string, Promise<string>>();

/**
 * Gives a container files. Docker puts none into a read-only root file system, so they are in a volume, each
 * of them mounted at its path. Other texts are another volume: a container of before keeps those that it has.
 * @returns the container's arguments with its files
 */
export async function withFiles(
  docker: Docker,
  made: Docker.ContainerCreateOptions,
  files: AppFiles,
  labels: Labels,
): Promise<Docker.ContainerCreateOptions> {
  const entries = Object.entries(files);
  const Name = `${labels[STACK_LABEL]}-files-${definitionName(entries)}`;
  const filling = filled.get(Name) ?? fillVolume(docker, Name, entries, made.Image ?? "", ownOf(labels));
  filled.set(Name, filling);
  filling.catch(() => filled.delete(Name));
  const Mountpoint = await filling;
  const binds = entries.map(([Target], index): Docker.MountSettings => {
    const Source = `${Mountpoint}/${index}`;
    return { Type: "bind", Source, Target, ReadOnly: true };
  });
  const Mounts = [
    ...(made.HostConfig?.Mounts ?? []),
    { Type: "volume", Source: Name, Target: FOLDER, ReadOnly: true } as const,
    ...binds,
  ];
  return { ...made, HostConfig: { ...made.HostConfig, Mounts } };
}

/** Removes the volumes of files that no container has any more. */
export async function removeUnusedFiles(docker: Docker, labels: Labels): Promise<void> {
  const label = labelFilter(ownOf(labels));
  for (const { Id } of await listContainers(docker, { all: true, filters: { label } }))
    await ifFound(() => docker.getContainer(Id).remove({ force: true })); // of an update that was killed
  for (const name of await listVolumes(docker, { label, dangling: ["true"] })) {
    filled.delete(name);
    await ifFound(() => docker.getVolume(name).remove());
  }
}

const ownOf = (labels: Labels): Labels =>
  labelsOf(labels[STACK_LABEL] ?? "", labels[STATE_LABEL] ?? "", "files");

async function fillVolume(
  docker: Docker,
  Name: string,
  entries: readonly (readonly [string, string])[],
  Image: string,
  labels: Labels,
): Promise<string> {
  const Labels = { ...labels };
  await docker.createVolume({ Name, Labels });
  // A container that never starts is a way into the volume of any image.
  const helper = await docker.createContainer({
    ...{ Image, Cmd: ["none"], Labels },
    HostConfig: { NetworkMode: "none", Mounts: [{ Type: "volume", Source: Name, Target: FOLDER }] },
  });
  try {
    const isWhole = (await ifFound(() => helper.infoArchive({ path: `${FOLDER}/${WHOLE}` }))) !== undefined;
    if (!isWhole) await helper.putArchive(await archiveOf(entries), { path: FOLDER });
  } finally {
    await helper.remove({ force: true });
  }
  return (await inspectVolume(docker, Name))?.Mountpoint ?? "";
}

/** Any user may read them: who is in the container has them. */
function archiveOf(entries: readonly (readonly [string, string])[]): Promise<Buffer> {
  const pack = tar.pack();
  for (const [index, [, text]] of entries.entries()) pack.entry({ name: String(index), mode: 0o444 }, text);
  pack.entry({ name: WHOLE, mode: 0o444 }, "");
  pack.finalize();
  return buffer(pack);
}
