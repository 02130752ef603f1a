import type Docker from "dockerode";
import type { Confinement } from "../stack/settings.ts";

/**
 * All containers have this restart policy of Docker's, so a stack comes back after a kill of the engine: its
 * next start stops the containers that still run, and takes that for a user's wish, which `unless-stopped`
 * would respect.
 */
export const RESTART_POLICY = "always";

/** Bytes of what memory is configured in. */
export const MIB = 1024 * 1024;

/** An app container is made from these values. */
export interface AppArguments {
  readonly image: string;
  readonly platform?: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly confinement: Confinement;
  readonly volumes?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly hostname?: string;
  readonly stopSignal?: string;
  readonly stopTimeoutMs?: number;
  readonly logDriver: string;
  readonly network: string;
  readonly address: string;
}

/**
 * Makes the very arguments that the engine gets for an app container, but for the container's number, which
 * {@link asNumber} puts in. Their hash names what the container was made from, so nobody can add an argument
 * that an update does not see. The limit of processes is not among them, because it is changed while the
 * container runs.
 */
export function appArguments(args: AppArguments) {
  const { image, platform = "", command, env, confinement, logDriver, network, address } = args;
  const { user, readOnly, tmpfs, capabilities, allowPrivilegeEscalation, limits } = confinement;
  const { volumes = [], labels = {}, hostname = "", stopSignal = "", stopTimeoutMs } = args;
  return {
    Image: image,
    ...(platform === "" ? {} : { platform }),
    ...(command.length === 0 ? {} : { Cmd: [...command] }),
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...(user === "" ? {} : { User: user }),
    ...(Object.keys(labels).length === 0 ? {} : { Labels: { ...labels } }),
    ...(hostname === "" ? {} : { Hostname: hostname }),
    ...(stopSignal === "" ? {} : { StopSignal: stopSignal }),
    ...(stopTimeoutMs === undefined ? {} : { StopTimeout: Math.ceil(stopTimeoutMs / 1000) }),
    HostConfig: {
      NetworkMode: network,
      RestartPolicy: { Name: RESTART_POLICY },
      LogConfig: { Type: logDriver, Config: {} },
      ReadonlyRootfs: readOnly,
      Tmpfs: Object.fromEntries(tmpfs.map(tmpfsOf)),
      ...(volumes.length === 0 ? {} : { Mounts: volumes.map(mountOf) }),
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

/** Reads `/tmp:size=256m,exec`. Any user may write there, because the number of an image's user differs. */
function tmpfsOf(text: string): [string, string] {
  const [path = "", options = ""] = text.split(":");
  const size = /size=(\w+)/.exec(options)?.[1] ?? "64m";
  const exec = options.includes("exec") ? "exec" : "noexec";
  return [path, `mode=1777,size=${size},${exec},nosuid,nodev`];
}

/** Reads `data-{n}:/data:ro`. A host path that is not there is refused, which `-v` would make as root's. */
function mountOf(text: string): Docker.MountConfig[number] {
  const [Source = "", Target = "", ro] = text.split(":");
  return { Type: Source.startsWith("/") ? "bind" : "volume", Source, Target, ReadOnly: ro !== undefined };
}

/** Puts the number of a container in for `{n}` wherever it may stand; `{{n}}` is for an `{n}` that stays. */
export function asNumber(made: Docker.ContainerCreateOptions, n: number): Docker.ContainerCreateOptions {
  const { Cmd, Env, Labels, Hostname, HostConfig } = made;
  const put = (text: string): string =>
    text.replaceAll(/\{\{n\}\}|\{n\}/g, (each) => (each === "{n}" ? String(n) : "{n}"));
  return {
    ...made,
    ...(Cmd && { Cmd: Cmd.map(put) }),
    ...(Env && { Env: Env.map(put) }),
    ...(Labels && {
      Labels: Object.fromEntries(Object.entries(Labels).map(([key, each]) => [key, put(each)])),
    }),
    ...(Hostname && { Hostname: put(Hostname) }),
    HostConfig: {
      ...HostConfig,
      ...(HostConfig?.Mounts && {
        Mounts: HostConfig.Mounts.map((mount) => ({ ...mount, Source: put(mount.Source) })),
      }),
    },
  };
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
