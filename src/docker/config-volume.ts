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

/** A file to put into the volume, and the check that it has to pass first. */
interface Installation {
  /** Names the file's content in messages. */
  readonly what: string;
  readonly file: VolumeFile;
  /** A shell command that fails when HAProxy does not accept `$1` or warns of it. */
  readonly check: string;
}

/**
 * Writes haproxy.cfg into the volume if the image's own HAProxy accepts it. The text is written as a
 * candidate, checked, and renamed into place, so HAProxy never sees half a file, and a refused file changes
 * nothing.
 * @throws {EngineError} The message has HAProxy's words when it refuses the file, Docker's when the check
 *   cannot run.
 */
export const writeConfig = (docker: Docker, volume: ConfigVolume, text: string): Promise<void> =>
  install(docker, volume, {
    what: "config",
    file: { name: CONFIG_FILE, text, isSecret: false },
    // A file that a killed update left would make HAProxy warn of servers that are down.
    check: `rm -f ${STATE_FILE} && haproxy -c -dW -f "$1"`,
  });

/** Lets HAProxy check a haproxy.cfg that does nothing but read a certificate. */
function readCertificateBy(bind: string): string {
  const lines = ["frontend check", "mode http", "timeout client 1s", `bind 127.0.0.1:1 ssl ${bind}`, ""];
  return `printf "${lines.join("\\n")}" "$1" | haproxy -c -dW -f /dev/stdin`;
}

/**
 * Writes a certificate with its key into the volume, in the way of {@link writeConfig}.
 * @throws {EngineError} See {@link writeConfig}.
 */
export const writeCertificate = (
  docker: Docker,
  volume: ConfigVolume,
  name: string,
  pem: Pem,
): Promise<void> =>
  install(docker, volume, {
    what: "certificate",
    file: { name, text: pem, isSecret: true },
    check: readCertificateBy("crt %s"),
  });

/** Writes the authority of the runtime API's clients into the volume, next to the API's own certificate. */
export const writeRuntimeCa = (docker: Docker, volume: ConfigVolume, text: string): Promise<void> =>
  install(docker, volume, {
    what: "certificate authority",
    file: { name: RUNTIME_CA_FILE, text, isSecret: false },
    check: readCertificateBy(`crt ${pathOf(RUNTIME_CERTIFICATE_FILE)} ca-file %s verify required`),
  });

/** Removes files from the volume. */
export async function removeFiles(
  docker: Docker,
  volume: ConfigVolume,
  names: readonly string[],
): Promise<void> {
  const paths = names.flatMap((name) => [name, candidateOf(name)]).map(pathOf);
  const { exitCode, printed } = await runInVolume(docker, volume, [], ["rm", "-f", ...paths]);
  if (exitCode !== 0)
    throw new EngineError(
      `${names.join(" and ")} in volume ${volume.volumeName} could not be removed: ${printed.trim()}`,
    );
}

/** Reads the volume's haproxy.cfg. The result is undefined when there is no such volume or file. */
export const readConfig = (docker: Docker, volume: ConfigVolume): Promise<string | undefined> =>
  readVolumeFile(docker, volume, CONFIG_FILE);

async function install(
  docker: Docker,
  volume: ConfigVolume,
  { what, file, check }: Installation,
): Promise<void> {
  const candidate = candidateOf(file.name);
  try {
    const command = [
      "sh",
      "-c",
      `${check} && mv "$1" "$2" || { rm -f "$1"; exit 1; }`,
      "check",
      pathOf(candidate),
      pathOf(file.name),
    ];
    const { exitCode, printed } = await runInVolume(docker, volume, [{ ...file, name: candidate }], command);
    if (exitCode !== 0)
      throw new EngineError(
        `HAProxy (${volume.imageName ?? volume.image}) refuses the ${what}: ${alerts(printed)}`,
      );
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    throw new EngineError(
      `${file.name} could not be written to volume ${volume.volumeName}: ${dockerWords(cause)}`,
      { cause },
    );
  }
}

const candidateOf = (name: string): string => `${name}.candidate`;
const pathOf = (name: string): string => `${CONFIG_FOLDER}/${name}`;

/** Picks HAProxy's alerts out of what it printed, without their prefix and without the lines that sum up. */
function alerts(printed: string): string {
  const lines = printed
    .split("\n")
    .map((line) => line.replaceAll(/[^\u0020-\u007e]/g, "").trim())
    .filter((line) => line !== "" && !/\[NOTICE\]|Fatal errors found|Error\(s\) found/.test(line));
  return (
    lines.map((line) => line.replace(/^.*?\[(ALERT|WARNING)\]\s*\(\d+\) : /, "")).join("; ") ||
    "without a message"
  );
}
