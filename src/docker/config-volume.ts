import type Docker from "dockerode";
import {
  CONFIG_FILE,
  CONFIG_FOLDER,
  RUNTIME_CA_FILE,
  RUNTIME_CERTIFICATE_FILE,
  STATE_FILE,
} from "../haproxy/container.ts";
import type { Pem } from "../tls/certificate.ts";
import { dockerWords, EngineError } from "./engine-error.ts";
import { type ConfigVolume, readVolumeFile, runInVolume, type VolumeFile } from "./volume-command.ts";

// A file that a killed update left would make HAProxy warn of servers that are down.
const CHECK_CONFIG = `rm -f ${STATE_FILE} && haproxy -c -dW -f "$1"`;

/**
 * Writes haproxy.cfg into the volume if the image's own HAProxy accepts it. The text is written as a
 * candidate, checked, and renamed into place, so HAProxy never sees half a file, and a refused file changes
 * nothing.
 * @throws {EngineError} The message has HAProxy's words when it refuses the file, Docker's when the check
 *   cannot run.
 */
export const writeConfig = (docker: Docker, volume: ConfigVolume, text: string): Promise<void> =>
  install(docker, volume, "config", { name: CONFIG_FILE, text, isSecret: false }, CHECK_CONFIG);

/** Lets HAProxy check a haproxy.cfg that does nothing but read a certificate. */
function readCertificateBy(bind: string): string {
  const lines = ["frontend check", "mode http", "timeout client 1s", `bind 127.0.0.1:1 ssl ${bind}`, ""];
  return `printf "${lines.join("\\n")}" "$1" | haproxy -c -dW -f /dev/stdin`;
}

/**
 * Writes a certificate with its key into the volume, in the way of {@link writeConfig}.
 * @throws {EngineError} See {@link writeConfig}.
 */
export const writeCertificate = (docker: Docker, volume: ConfigVolume, name: string, pem: Pem) =>
  install(docker, volume, "certificate", { name, text: pem, isSecret: true }, readCertificateBy("crt %s"));

/** Writes the authority of the runtime API's clients into the volume, next to the API's own certificate. */
export function writeRuntimeCa(docker: Docker, volume: ConfigVolume, text: string): Promise<void> {
  const check = readCertificateBy(`crt ${pathOf(RUNTIME_CERTIFICATE_FILE)} ca-file %s verify required`);
  const file = { name: RUNTIME_CA_FILE, text, isSecret: false };
  return install(docker, volume, "certificate authority", file, check);
}

/** Removes files from the volume. */
export async function removeFiles(docker: Docker, volume: ConfigVolume, names: readonly string[]) {
  const paths = names.flatMap((name) => [name, candidateOf(name)]).map(pathOf);
  const { exitCode, printed } = await runInVolume(docker, volume, [], ["rm", "-f", ...paths]);
  const what = `${names.join(" and ")} in volume ${volume.volumeName}`;
  if (exitCode !== 0) throw new EngineError(`${what} could not be removed: ${printed.trim()}`);
}

/** Reads the volume's haproxy.cfg. The result is undefined when there is no such volume or file. */
export const readConfig = (docker: Docker, volume: ConfigVolume): Promise<string | undefined> =>
  readVolumeFile(docker, volume, CONFIG_FILE);

/**
 * Puts a file into the volume once it passes a check.
 * @param what names the file's content in messages
 * @param check a shell command that fails when HAProxy does not accept `$1` or warns of it
 */
async function install(docker: Docker, volume: ConfigVolume, what: string, file: VolumeFile, check: string) {
  const { volumeName, image, imageName = image } = volume;
  const candidate = candidateOf(file.name);
  const script = `${check} && mv "$1" "$2" || { rm -f "$1"; exit 1; }`;
  const command = ["sh", "-c", script, "check", pathOf(candidate), pathOf(file.name)];
  const files = [{ ...file, name: candidate }];
  const { exitCode, printed } = await runInVolume(docker, volume, files, command).catch((cause) => {
    if (cause instanceof EngineError) throw cause;
    const why = dockerWords(cause);
    throw new EngineError(`${file.name} could not be written to volume ${volumeName}: ${why}`, { cause });
  });
  if (exitCode !== 0) throw new EngineError(`HAProxy (${imageName}) refuses the ${what}: ${alerts(printed)}`);
}

const candidateOf = (name: string): string => `${name}.candidate`;
const pathOf = (name: string): string => `${CONFIG_FOLDER}/${name}`;

/** Picks HAProxy's alerts out of what it printed, without their prefix and without the lines that sum up. */
function alerts(printed: string): string {
  const lines = printed
    .split("\n")
    .map((line) => line.replaceAll(/[^\u0020-\u007e]/g, "").trim())
    .filter((line) => line !== "" && !/\[NOTICE\]|Fatal errors found|Error\(s\) found/.test(line));
  const words = lines.map((line) => line.replace(/^.*?\[(ALERT|WARNING)\]\s*\(\d+\) : /, ""));
  return words.join("; ") || "without a message";
}
