import { buffer, text as readText } from "node:stream/consumers";
import type Docker from "dockerode";
import tar from "tar-stream";
import { CONFIG_FILE, CONFIG_FOLDER, PEER_VARIABLE } from "../haproxy/config.ts";
import { dockerWords, EngineError, hasStatus } from "./error.ts";
import type { Labels } from "./labels.ts";

/** A volume that holds a balancer's haproxy.cfg, and the image that reads it. */
export interface ConfigVolume {
  readonly volumeName: string;
  readonly image: string;
  readonly peerName: string;
  readonly labels: Labels;
}

const CANDIDATE = `${CONFIG_FILE}.candidate`;

/**
 * Writes haproxy.cfg into the volume if the image's own HAProxy accepts it. A helper container takes the candidate,
 * checks it and renames it into place, so HAProxy never sees half a file and a refused one changes nothing.
 * @throws {EngineError} with HAProxy's messages when it refuses the file, or Docker's when the helper cannot run
 */
export async function writeConfig(docker: Docker, volume: ConfigVolume, text: string): Promise<void> {
  const helper = await createHelper(docker, volume);
  try {
    await helper.putArchive(await packFile(CANDIDATE, text), { path: CONFIG_FOLDER });
    const output = await helper.attach({ stream: true, stdout: true, stderr: true });
    const printed = readText(output);
    await helper.start();
    const { StatusCode: status }: { StatusCode: number } = await helper.wait();
    if (status !== 0) throw new EngineError(`HAProxy (${volume.image}) refuses the config: ${alerts(await printed)}`);
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    throw new EngineError(`haproxy.cfg could not be written to volume ${volume.volumeName}: ${dockerWords(cause)}`, { cause });
  } finally {
    await helper.remove({ force: true });
  }
}

/** Reads the volume's haproxy.cfg; undefined when there is no such volume, image or file. */
export async function readConfig(docker: Docker, volume: ConfigVolume): Promise<string | undefined> {
  try {
    await docker.getVolume(volume.volumeName).inspect(); // creating a container would make the volume
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
  const helper = await createHelper(docker, volume);
  try {
    return await unpackFile(await helper.getArchive({ path: `${CONFIG_FOLDER}/${CONFIG_FILE}` }));
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  } finally {
    await helper.remove({ force: true });
  }
}

/** Removes helpers that an interrupted run left, which would keep their volume in use. */
export async function removeHelpers(docker: Docker, { labels }: ConfigVolume): Promise<void> {
  const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const helpers = await docker.listContainers({ all: true, filters: { label } });
  await Promise.all(helpers.map(({ Id }) => docker.getContainer(Id).remove({ force: true })));
}

async function createHelper(docker: Docker, { volumeName, image, peerName, labels }: ConfigVolume): Promise<Docker.Container> {
  try {
    return await docker.createContainer({
      Image: image,
      User: "0:0", // the volume belongs to root; HAProxy only reads it
      Entrypoint: ["sh", "-c", 'haproxy -c -dW -f "$1" && mv "$1" "$2"', "check"],
      Cmd: [`${CONFIG_FOLDER}/${CANDIDATE}`, `${CONFIG_FOLDER}/${CONFIG_FILE}`],
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
export async function unpackFile(archive: NodeJS.ReadableStream): Promise<string> {
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
