import { buffer, text as readText } from "node:stream/consumers";
import type Docker from "dockerode";
import tar from "tar-stream";
import { CONFIG_FOLDER, GATEWAY_VARIABLE, HAPROXY_USER, PEER_VARIABLE } from "../haproxy/container.ts";
import { dockerWords, EngineError, hasStatus, ifFound } from "./engine-error.ts";
import { inspectVolume, listContainers } from "./engine-replies.ts";
import { type Labels, labelFilter, ROLE_LABEL } from "./labels.ts";
import { textOf } from "./multiplexed.ts";

/** A volume that holds a balancer's config and certificates, and the image of the HAProxy that reads them. */
export interface ConfigVolume {
  readonly volumeName: string;
  /** Docker's id of it, or a reference. */
  readonly image: string;
  /** The reference that the config has. */
  readonly imageName?: string | undefined;
  readonly peerName: string;
  readonly labels: Labels;
}

/** A file to put into the volume. */
export interface VolumeFile {
  readonly name: string;
  readonly text: string;
  /** Only HAProxy's user and root's group can read a secret file. Everybody can read any other. */
  readonly isSecret: boolean;
}

/** A command's exit code and output. */
export interface Verdict {
  readonly exitCode: number | null;
  readonly printed: string;
}

/** The volume belongs to root. HAProxy only reads it. */
const ROOT = "0:0";

/**
 * Puts files into the volume and runs a command there as root. The command runs in the HAProxy container if
 * that runs from the same image, because this is quicker, and else in a helper container.
 */
export async function runInVolume(
  docker: Docker,
  volume: ConfigVolume,
  files: readonly VolumeFile[],
  command: readonly string[],
): Promise<Verdict> {
  const [user] = await listContainers(docker, { filters: { ...usersOf(volume), status: ["running"] } });
  if (user !== undefined && [user.Image, user.ImageID].includes(volume.image))
    return runInside(docker.getContainer(user.Id), files, command);
  return withHelper(docker, volume, command, async (helper) => {
    await putFiles(helper, files);
    const printed = buffer(await helper.attach({ stream: true, stdout: true, stderr: true }));
    await helper.start();
    const { StatusCode: exitCode }: { StatusCode: number } = await helper.wait();
    return { exitCode, printed: textOf(await printed) };
  });
}

/** As {@link runInVolume}, in a HAProxy container that runs. */
export async function runInside(
  haproxy: Docker.Container,
  files: readonly VolumeFile[],
  command: readonly string[],
): Promise<Verdict> {
  await putFiles(haproxy, files);
  const exec = await haproxy.exec({ Cmd: [...command], User: ROOT, AttachStdout: true, AttachStderr: true });
  const printed = textOf(await buffer(await exec.start({})));
  const { ExitCode: exitCode } = await exec.inspect();
  return { exitCode, printed };
}

/**
 * Reads a file of the volume. The result is undefined when there is no such volume or file, and when there is
 * no image left that could read it.
 */
export async function readVolumeFile(docker: Docker, volume: ConfigVolume, name: string) {
  const [user] = await listContainers(docker, { all: true, filters: usersOf(volume) });
  try {
    if (user !== undefined) return await readMountedFile(docker.getContainer(user.Id), name);
    // A helper would create the volume.
    if ((await inspectVolume(docker, volume.volumeName)) === undefined) return undefined;
    return await withHelper(docker, volume, [], (helper) => readMountedFile(helper, name));
  } catch (error) {
    // The image may be gone as well, and then no helper can be created.
    if (hasStatus(error instanceof EngineError ? error.cause : error, 404)) return undefined;
    throw error;
  }
}

/** Reads a file that a container has mounted. The result is undefined when there is none. */
export async function readMountedFile(container: Docker.Container, name: string) {
  return ifFound(() => readFileOf(container, `${CONFIG_FOLDER}/${name}`));
}

/** Filters the HAProxy containers that have the volume mounted. */
const usersOf = ({ volumeName }: ConfigVolume) => ({
  volume: [volumeName],
  label: [`${ROLE_LABEL}=haproxy`],
});

/** Removes the helpers that an interrupted run left. They would keep their volume in use. */
export async function removeHelpers(docker: Docker, { labels }: ConfigVolume): Promise<void> {
  const helpers = await listContainers(docker, { all: true, filters: { label: labelFilter(labels) } });
  await Promise.all(helpers.map(({ Id }) => docker.getContainer(Id).remove({ force: true })));
}

/** Creates a container that has nothing but the volume, uses it, and removes it. */
async function withHelper<T>(
  docker: Docker,
  volume: ConfigVolume,
  command: readonly string[],
  use: (helper: Docker.Container) => Promise<T>,
): Promise<T> {
  const helper = await createHelper(docker, volume, command);
  try {
    return await use(helper);
  } finally {
    await helper.remove({ force: true });
  }
}

async function createHelper(
  docker: Docker,
  { volumeName, image, imageName = image, peerName, labels }: ConfigVolume,
  command: readonly string[],
): Promise<Docker.Container> {
  try {
    return await docker.createContainer({
      Image: image,
      User: ROOT,
      Entrypoint: [...command],
      Cmd: [],
      // A check wants an address, and nobody comes from there.
      Env: [`${PEER_VARIABLE}=${peerName}`, `${GATEWAY_VARIABLE}=127.0.0.1`],
      Labels: { ...labels },
      HostConfig: {
        NetworkMode: "none",
        Mounts: [{ Type: "volume", Source: volumeName, Target: CONFIG_FOLDER }],
      },
    });
  } catch (cause) {
    throw new EngineError(`the config check cannot run in image ${imageName}: ${dockerWords(cause)}`, {
      cause,
    });
  }
}

async function putFiles(container: Docker.Container, files: readonly VolumeFile[]): Promise<void> {
  if (files.length === 0) return;
  const pack = tar.pack();
  for (const { name, text, isSecret } of files) {
    // Root in the HAProxy container has no capability to read the files of others, so its group may read a
    // secret.
    pack.entry(
      {
        name,
        ...(isSecret
          ? { uid: await numberOf(container, HAPROXY_USER), gid: 0, mode: 0o440 }
          : { mode: 0o644 }),
      },
      text,
    );
  }
  pack.finalize();
  await container.putArchive(await buffer(pack), { path: CONFIG_FOLDER });
}

/** Looks up a user's number in a container. */
async function numberOf(container: Docker.Container, user: string): Promise<number> {
  const passwd = await readFileOf(container, "/etc/passwd");
  const number = new RegExp(`^${user}:[^:]*:(\\d+):`, "m").exec(passwd)?.[1];
  if (number === undefined) throw new EngineError(`the image of HAProxy has no user ${user}`);
  return Number(number);
}

/** Reads the text of one file. Docker answers 404 when there is none. */
async function readFileOf(container: Docker.Container, path: string): Promise<string> {
  const extract = (await container.getArchive({ path })).pipe(tar.extract());
  let text = "";
  for await (const entry of extract) text += await readText(entry);
  return text;
}
