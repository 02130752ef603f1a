import type { AppContainer } from "../docker/app-container.ts";
import { MIB } from "../docker/container-arguments.ts";
import { DEFINITION_LABEL } from "../docker/labels.ts";
import type { MountedFile } from "./service-files.ts";

/** Swarm counts time in nanoseconds. */
const NS_PER_MS = 1_000_000;
const NS_PER_SECOND = 1_000 * NS_PER_MS;

/** A service as it is asked for: one task, found by its name. */
export interface ServiceSpec {
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly TaskTemplate: Readonly<Record<string, unknown>>;
  readonly [more: string]: unknown;
}

/**
 * Makes a Swarm service of an app container: the same container, wherever Swarm runs it. Each is a service of
 * its own, since the tasks of one service have no order and change places.
 */
export function serviceSpecOf(app: AppContainer, files: readonly MountedFile[] = []): ServiceSpec {
  const { name, definition, labels, networks, made } = app;
  const own = { ...labels, [DEFINITION_LABEL]: definition };
  return {
    Name: name,
    Labels: own,
    TaskTemplate: {
      ContainerSpec: { ...containerOf(made), Labels: { ...made.Labels, ...own }, Secrets: files },
      Resources: { Limits: { MemoryBytes: made.HostConfig?.Memory ?? 0, Pids: app.pids } },
      RestartPolicy: { Condition: "any", Delay: (app.restartDelayMs ?? 0) * NS_PER_MS },
      ...placementOf(made),
      ...(made.HostConfig?.LogConfig && { LogDriver: { Name: made.HostConfig.LogConfig.Type } }),
      // The first is the stack's own.
      Networks: [made.HostConfig?.NetworkMode ?? "", ...networks].map((Target) => ({ Target })),
      ForceUpdate: 0,
    },
    Mode: { Replicated: { Replicas: 1 } },
    UpdateConfig: { Parallelism: 1, Order: "stop-first", FailureAction: "continue" },
    EndpointSpec: { Mode: "dnsrr" },
  };
}

function containerOf(made: AppContainer["made"]): Record<string, unknown> {
  const { Image, Cmd, Env, User, Hostname, StopSignal, StopTimeout, HostConfig = {} } = made;
  const { ReadonlyRootfs, Tmpfs, Mounts = [], CapDrop, CapAdd, SecurityOpt, Ulimits } = HostConfig;
  return {
    Image,
    ...(Cmd && { Args: Cmd }),
    Env: Env ?? [],
    ...(User && { User }),
    ...(Hostname && { Hostname }),
    ...(StopSignal && { StopSignal }),
    ...(StopTimeout !== undefined && { StopGracePeriod: StopTimeout * NS_PER_SECOND }),
    ReadOnly: ReadonlyRootfs === true,
    Mounts: [...Object.entries(Tmpfs ?? {}).map(memoryOf), ...Mounts],
    ...(CapDrop && { CapabilityDrop: CapDrop, CapabilityAdd: CapAdd ?? [] }),
    ...(SecurityOpt?.includes("no-new-privileges") && { Privileges: { NoNewPrivileges: true } }),
    Ulimits,
  };
}

const UNITS: Readonly<Record<string, number>> = { k: 1024, m: MIB, g: 1024 * MIB };

/** A folder in memory, of `mode=1777,size=64m,…`. */
function memoryOf([Target, options]: readonly [string, string]) {
  const [, number = "64", unit = "m"] = /size=(\d+)([kmg])/.exec(options) ?? [];
  return {
    Type: "tmpfs",
    Target,
    TmpfsOptions: { SizeBytes: Number(number) * (UNITS[unit] ?? MIB), Mode: 0o1777 },
  };
}

function placementOf({ platform }: AppContainer["made"]) {
  if (platform === undefined) return {};
  const [OS, Architecture] = platform.split("/");
  return {
    Placement: { Platforms: [{ OS, Architecture: ARCHITECTURES[Architecture ?? ""] ?? Architecture }] },
  };
}

/** Machines tell their architecture by the kernel's name for it. */
const ARCHITECTURES: Readonly<Record<string, string>> = { amd64: "x86_64", arm64: "aarch64" };
