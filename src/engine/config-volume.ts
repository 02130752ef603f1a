import { buffer, text as readText } from "node:stream/consumers";
import type Docker from "dockerode";
import tar from "tar-stream";
import { CONFIG_FILE, CONFIG_FOLDER, PEER_VARIABLE } from "../haproxy/config.ts";
import { dockerWords, EngineError, hasStatus } from "./error.ts";
import { type Labels, ROLE_LABEL } from "./labels.ts";

/** A volume that holds a balancer's haproxy.cfg, and the image that reads it. */
export interface ConfigVolume {
  readonly volumeName: string;
  readonly image: string;
  readonly peerName: string;
  readonly labels: Labels;
}

const CANDIDATE = `${CONFIG_FILE}.candidate`;

/** Checks the first file and, only if HAProxy accepts it without a warning, renames it to the second. */
const CHECK_AND_RENAME = [
  "sh",
  "-c",
  'haproxy -c -dW -f "$1" && mv "$1" "$2"',
  "check",
  `${CONFIG_FOLDER}/${CANDIDATE}`,
  `${CONFIG_FOLDER}/${CONFIG_FILE}`,
];
/** The volume belongs to root; HAProxy only reads it. */
const ROOT = "0:0";

/**
 * Writes haproxy.cfg into the volume if the image's own HAProxy accepts it: as a candidate that is checked and renamed
 * into place, so HAProxy never sees half a file and a refused one changes nothing. The check runs in the HAProxy
 * container where that runs from the image, which is quicker, and otherwise in a helper container.
 * @throws {EngineError} with HAProxy's messages when it refuses the file, or Docker's when the check cannot run
 */
export async function writeConfig(docker: Docker, volume: ConfigVolume, text: string): Promise<void> {
  const [user] = await docker.listContainers({ filters: { ...usersOf(volume), status: ["running"] } });
  const check = user?.Image === volume.image ? checkInside(docker.getContainer(user.Id), text) : checkInHelper(docker, volume, text);
  try {
    const { exitCode, printed } = await check;
    if (exitCode !== 0) throw new EngineError(`HAProxy (${volume.image}) refuses the config: ${alerts(printed)}`);
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    throw new EngineError(`haproxy.cfg could not be written to volume ${volume.volumeName}: ${dockerWords(cause)}`, { cause });
  }
}

/** Reads the volume's haproxy.cfg; undefined when there is no such volume or file. */
export async function readConfig(docker: Docker, volume: ConfigVolume): Promise<string | undefined> {
  const [user] = await docker.listContainers({ all: true, filters: usersOf(volume) });
  try {
    if (user !== undefined) return await readMountedConfig(docker.getContainer(user.Id));
    await docker.getVolume(volume.volumeName).inspect(); // creating a helper would make the volume
    return await withHelper(docker, volume, readMountedConfig);
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

/** HAProxy containers that have the volume mounted. */
const usersOf = ({ volumeName }: ConfigVolume) => ({ volume: [volumeName], label: [`${ROLE_LABEL}=haproxy`] });

/** How the check ended, and what HAProxy said. */
interface Verdict {
  readonly exitCode: number | null;
  readonly printed: string;
}

async function checkInside(haproxy: Docker.Container, text: string): Promise<Verdict> {
  await haproxy.putArchive(await packFile(CANDIDATE, text), { path: CONFIG_FOLDER });
  const exec = await haproxy.exec({ Cmd: CHECK_AND_RENAME, User: ROOT, AttachStdout: true, AttachStderr: true });
  const printed = await readText(await exec.start({}));
  const { ExitCode: exitCode } = await exec.inspect();
  return { exitCode, printed };
}

const checkInHelper = (docker: Docker, volume: ConfigVolume, text: string): Promise<Verdict> =>
  withHelper(docker, volume, async (helper) => {
    await helper.putArchive(await packFile(CANDIDATE, text), { path: CONFIG_FOLDER });
    const printed = readText(await helper.attach({ stream: true, stdout: true, stderr: true }));
    await helper.start();
    const { StatusCode: exitCode }: { StatusCode: number } = await helper.wait();
    return { exitCode, printed: await printed };
  });

/** The haproxy.cfg that a container has mounted; Docker answers 404 where there is none. */
export const readMountedConfig = async (container: Docker.Container): Promise<string> =>
  unpackFile(await container.getArchive({ path: `${CONFIG_FOLDER}/${CONFIG_FILE}` }));

/** Removes helpers that an interrupted run left, which would keep their volume in use. */
export async function removeHelpers(docker: Docker, { labels }: ConfigVolume): Promise<void> {
  const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const helpers = await docker.listContainers({ all: true, filters: { label } });
  await Promise.all(helpers.map(({ Id }) => docker.getContainer(Id).remove({ force: true })));
}

/** Uses a container that has nothing but the volume, and removes it. */
async function withHelper<T>(docker: Docker, volume: ConfigVolume, use: (helper: Docker.Container) => Promise<T>): Promise<T> {
  const helper = await createHelper(docker, volume);
  try {
    return await use(helper);
  } finally {
    await helper.remove({ force: true });
  }
}

async function createHelper(docker: Docker, { volumeName, image, peerName, labels }: ConfigVolume): Promise<Docker.Container> {
  try {
    return await docker.createContainer({
      Image: image,
      User: ROOT,
      Entrypoint: CHECK_AND_RENAME,
      Cmd: [],
      Env: [`${PEER_VARIABLE}=${peerName}`],
      Labels: { ...labels },
      HostConfig: { NetworkMode: "none", Mounts: [{ Type: "volume", Source: volumeName, Target: CONFIG_FOLDER }] },
    });
  } catch (cause) {
    throw new EngineError(`the config check cannot run in image ${image}: ${dockerWords(cause)}`, { cause });
  }
}

function packFile(name: string, text: string): Promise<Buffer> {
  const pack = tar.pack();
  pack.entry({ name, mode: 0o644 }, text);
  pack.finalize();
  return buffer(pack);
}

/** The text of the one file in an archive. */
async function unpackFile(archive: NodeJS.ReadableStream): Promise<string> {
  const extract = archive.pipe(tar.extract());
  let text = "";
  for await (const entry of extract) text += await readText(entry);
  return text;
}

/** HAProxy's alerts without their prefix and the lines that only sum up. */
function alerts(printed: string): string {
  const lines = printed
    .split("\n")
    .map((line) => line.replaceAll(/[^\u0020-\u007e]/g, "").trim())
    .filter((line) => line !== "" && !/\[NOTICE\]|Fatal errors found|Error\(s\) found/.test(line));
  return lines.map((line) => line.replace(/^.*?\[(ALERT|WARNING)\]\s*\(\d+\) : /, "")).join("; ") || "without a message";
}
