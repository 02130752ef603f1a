import type Docker from "dockerode";
import type { Confinement } from "../stack/settings.ts";

/**
 * Docker's restart policy for all containers. After an engine was killed, its next start stops the containers that still
 * run and takes that for a user's wish, which `unless-stopped` respects; a stack shall come back.
 */
export const RESTART_POLICY = "always";

/** For any user, since images differ in the number that theirs has. */
const TMPFS_OPTIONS = "mode=1777,size=64m,noexec,nosuid,nodev";

const MIB = 1024 * 1024;

/** Folders in memory, with Docker's options. */
export const tmpfsOf = (folders: readonly string[]): Record<string, string> =>
  Object.fromEntries(folders.map((path) => [path, TMPFS_OPTIONS]));

/** Capabilities with their prefix, as the engine tells them when it is asked. */
export const withPrefix = (capabilities: readonly string[]): string[] =>
  capabilities.map((name) => `CAP_${name.replace(/^CAP_/, "")}`);

/** What of an app a container is made from. */
export interface AppArguments {
  readonly image: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly confinement: Confinement;
  readonly logDriver: string;
  readonly network: string;
  readonly address: string;
}

/**
 * The very arguments that the engine gets for an app container. What the container was made from is told apart by their
 * hash, so no argument can be added that an update does not see. The limit of processes is not among them: it is
 * changed while the container runs.
 */
export function appArguments({
  image,
  command,
  env,
  confinement,
  logDriver,
  network,
  address,
}: AppArguments) {
  const { user, readOnly, tmpfs, capabilities, allowPrivilegeEscalation, limits } = confinement;
  return {
    Image: image,
    ...(command.length === 0 ? {} : { Cmd: [...command] }),
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...(user === "" ? {} : { User: user }),
    HostConfig: {
      NetworkMode: network,
      RestartPolicy: { Name: RESTART_POLICY },
      LogConfig: { Type: logDriver, Config: {} },
      ReadonlyRootfs: readOnly,
      Tmpfs: tmpfsOf(tmpfs),
      CapDrop: ["ALL"],
      CapAdd: withPrefix(capabilities),
      SecurityOpt: allowPrivilegeEscalation ? [] : ["no-new-privileges"],
      Memory: limits.memoryMb * MIB,
      Ulimits: [{ Name: "nofile", Soft: limits.files, Hard: limits.files }],
    },
    NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } } },
  } satisfies Docker.ContainerCreateOptions;
}
