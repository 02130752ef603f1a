import type Docker from "dockerode";
import { type AppFiles, withFiles } from "./app-files.ts";
import type { AppHost, FoundApp } from "./app-host.ts";
import { dockerWords, EngineError, hasStatus } from "./engine-error.ts";
import { type FoundContainer, inspectContainer } from "./engine-replies.ts";
import { checkIsOwn, DEFINITION_LABEL, definitionOf, type Labels } from "./labels.ts";
import { changedLimits, type Limits, lastingLimits, setLimits } from "./limits.ts";

/** An app container that shall run. */
export interface AppContainer {
  readonly name: string;
  /** The engine makes the container from these arguments. Others mean another container. */
  readonly made: Docker.ContainerCreateOptions;
  /** Networks that it joins besides its own. */
  readonly networks: readonly string[];
  readonly files?: AppFiles | undefined;
  /** Names these arguments. */
  readonly definition: string;
  readonly labels: Labels;
  /** Most processes and threads. They are changed while the container runs. */
  readonly pids: number;
  /** How long after its end a Swarm starts it again. An engine decides by itself. */
  readonly restartDelayMs?: number | undefined;
}

/** An app container that an engine has. */
export interface DockerApp extends FoundApp {
  readonly hostConfig: FoundContainer["HostConfig"];
}

/** Finds the container of a name. The result is undefined if there is none. */
export async function findApp(docker: Docker, name: string): Promise<DockerApp | undefined> {
  const found = await inspectContainer(docker, name);
  if (found === undefined) return undefined;
  const { Id, Image, Config, State, HostConfig, NetworkSettings } = found;
  const own = NetworkSettings.Networks[HostConfig.NetworkMode];
  return {
    id: Id,
    /**
     * Names what it was made from. Empty if no label tells, and for a container with a limit that nobody can
     * take back while it runs.
     */
    definition: lastingLimits(HostConfig).length === 0 ? definitionOf(Config.Labels, Image) : "",
    labels: Config.Labels,
    hostConfig: HostConfig,
    state: State.Paused ? "paused" : State.Running ? "running" : "stopped",
    /**
     * Its address on the stack's network; while it runs, the one that it really has. It is empty after
     * somebody disconnected it, or after the engine was killed while it started the container.
     */
    address: (State.Running ? own?.IPAddress : own?.IPAMConfig.IPv4Address) ?? "",
    /** Names of all networks that it is on. */
    networks: Object.keys(NetworkSettings.Networks),
  };
}

/**
 * Refuses to touch a container of somebody else.
 * @param knownId Id of the container that this stack's state names. Labels decide about any other.
 * @throws {EngineError} The container belongs to somebody else.
 */
export function refuseForeign(
  { kind }: Pick<AppHost, "kind">,
  { id, labels }: FoundApp,
  app: AppContainer,
  knownId?: string,
): void {
  if (id !== knownId) checkIsOwn(kind, app.name, labels, app.labels);
}

/**
 * Makes a container and starts it. A container that cannot be started is removed again.
 * @throws {EngineError} The message has Docker's words.
 */
export async function runApp(docker: Docker, app: AppContainer): Promise<void> {
  const { name, definition, labels, pids, networks, files } = app;
  let container: Docker.Container | undefined;
  try {
    const made = files === undefined ? app.made : await withFiles(docker, app.made, files, labels);
    container = await docker.createContainer({
      ...made,
      name,
      Labels: { ...made.Labels, ...labels, [DEFINITION_LABEL]: definition },
      HostConfig: { ...made.HostConfig, PidsLimit: pids },
    });
    // Engines before API 1.44 take one network when they make a container.
    for (const network of networks) await docker.getNetwork(network).connect({ Container: container.id });
    await container.start();
  } catch (cause) {
    await container?.remove({ force: true });
    throw new EngineError(`container ${name} cannot be started: ${dockerWords(cause)}`, { cause });
  }
}

/** Gives a container its limits, and lets it run if it is stopped or paused. */
export async function resumeApp(docker: Docker, found: DockerApp, limits: Limits): Promise<void> {
  const container = docker.getContainer(found.id);
  await setLimits(docker, found.id, await changedLimits(docker, found.hostConfig, limits));
  if (found.state === "paused") await container.unpause();
  if (found.state === "stopped") await container.start();
}

/** Stops a container, and removes it. It is no error if it is gone already. */
export async function removeApp(docker: Docker, id: string): Promise<void> {
  const container = docker.getContainer(id);
  for (const step of [() => container.stop(), () => container.remove({ force: true })]) {
    try {
      await step();
    } catch (error) {
      // 304: the container does not run. 404, 409: it is gone, or somebody else removes it.
      if (![304, 404, 409].some((status) => hasStatus(error, status))) throw error;
    }
  }
}
