import type Docker from "dockerode";
import type { Confinement } from "../stack/settings.ts";

/**
 * All containers have this restart policy of Docker's, so a stack comes back after a kill of the engine: its
 * next start stops the containers that still run, and takes that for a user's wish, which `unless-stopped`
 * would respect.
 */
export const RESTART_POLICY = "always";

/** Any user may write there, because the number of an image's user differs. */
const TMPFS_OPTIONS = "mode=1777,size=64m,noexec,nosuid,nodev";

/** Bytes of what memory is configured in. */
export const MIB = 1024 * 1024;

/** An app container is made from these values. */
export interface AppArguments {
  readonly image: string;
  readonly platform?: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly confinement: Confinement;
  readonly logDriver: string;
  readonly network: string;
  readonly address: string;
}

/**
 * Makes the very arguments that the engine gets for an app container. Their hash names what the container was
 * made from, so nobody can add an argument that an update does not see. The limit of processes is not among
 * them, because it is changed while the container runs.
 */
export function appArguments({
  image,
  platform = "",
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
    ...(platform === "" ? {} : { platform }),
    ...(command.length === 0 ? {} : { Cmd: [...command] }),
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...(user === "" ? {} : { User: user }),
    HostConfig: {
      NetworkMode: network,
      RestartPolicy: { Name: RESTART_POLICY },
      LogConfig: { Type: logDriver, Config: {} },
      ReadonlyRootfs: readOnly,
      Tmpfs: Object.fromEntries(tmpfs.map((path) => [path, TMPFS_OPTIONS])),
      ...(capabilities !== undefined && {
        CapDrop: ["ALL"],
        CapAdd: capabilities.map((name) => `CAP_${name.replace(/^CAP_/, "")}`), // as the engine reports them
      }),
      SecurityOpt: allowPrivilegeEscalation ? [] : ["no-new-privileges"],
      Memory: limits.memoryMb * MIB,
      Ulimits: [{ Name: "nofile", Soft: limits.files, Hard: limits.files }],
    },
    ...onNetwork(network, address),
  } satisfies Docker.ContainerCreateOptions;
}

/** The same container at another address. */
export const atAddress = (
  made: Docker.ContainerCreateOptions,
  network: string,
  address: string,
): Docker.ContainerCreateOptions => ({ ...made, ...onNetwork(network, address) });

const onNetwork = (network: string, address: string) => ({
  NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } } },
});
