import type Docker from "dockerode";
import { CONFIG_FOLDER, STATE_FILE } from "../haproxy/container.ts";
import type { StateFile } from "../haproxy/servers/sync.ts";
import { dockerWords, EngineError } from "./engine-error.ts";
import { runInside, type VolumeFile } from "./volume-command.ts";

/** The file comes through the volume: Docker cannot put files into memory, nor into a read-only container. */
const NAME = "servers-before-reload.candidate";

/** The file in a running HAProxy container by which a worker tells the next one of the servers. */
export function stateFileIn(docker: Docker, haproxyContainer: string): StateFile {
  const run = async (command: readonly string[], files: readonly VolumeFile[] = []): Promise<void> => {
    const { exitCode, printed } = await runInside(
      docker.getContainer(haproxyContainer),
      files,
      command,
    ).catch((cause) => ({ exitCode: undefined, printed: dockerWords(cause) }));
    if (exitCode !== 0)
      throw new EngineError(`${command.join(" ")} failed in ${haproxyContainer}: ${printed.trim()}`);
  };
  return {
    write: (text) =>
      run(["mv", `${CONFIG_FOLDER}/${NAME}`, STATE_FILE], [{ name: NAME, text, isSecret: false }]),
    remove: () => run(["rm", "-f", STATE_FILE]),
  };
}
