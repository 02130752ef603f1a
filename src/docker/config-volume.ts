import type Docker from "dockerode";
import {
  CONFIG_FILE,
  CONFIG_FOLDER,
  RUNTIME_CA_FILE,
  RUNTIME_CERTIFICATE_FILE,
} from "../haproxy/container.ts";
import type { Pem } from "../tls/certificate.ts";
import { dockerWords, EngineError } from "./engine-error.ts";
import { type ConfigVolume, readVolumeFile, runInVolume, type VolumeFile } from "./volume-command.ts";

/** Checks a candidate and, only if HAProxy accepts it without a warning, renames it into place. */
interface Installation {
  /** What is installed, in words. */
  readonly what: string;
  readonly file: VolumeFile;
  /** A shell command that fails when `$1` is not good. */
  readonly check: string;
}

/**
 * Writes haproxy.cfg into the volume if the image's own HAProxy accepts it: as a candidate that is checked and renamed
 * into place, so HAProxy never sees half a file and a refused one changes nothing.
 * @throws {EngineError} with HAProxy's messages when it refuses the file, or Docker's when the check cannot run
 */
export const writeConfig = (docker: Docker, volume: ConfigVolume, text: string): Promise<void> =>
  install(docker, volume, {
    what: "config",
    file: { name: CONFIG_FILE, text, isSecret: false },
    check: 'haproxy -c -dW -f "$1"',
  });

/** A haproxy.cfg that does nothing but read a certificate. */
const readCertificateBy = (bind: string): string =>
  String.raw`printf "frontend check\n    mode http\n    timeout client 1s\n    bind 127.0.0.1:1 ssl ${bind}\n" "$1" | haproxy -c -dW -f /dev/stdin`;

/**
 * Writes a certificate, with its key, into the volume, as {@link writeConfig} does it.
 * @throws {EngineError} as {@link writeConfig}
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

/** Writes the authority of the runtime API's clients into the volume, next to the runtime API's certificate. */
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

/** Reads the volume's haproxy.cfg; undefined when there is no such volume or file. */
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
      throw new EngineError(`HAProxy (${volume.image}) refuses the ${what}: ${alerts(printed)}`);
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

/** HAProxy's alerts without their prefix and the lines that only sum up. */
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
