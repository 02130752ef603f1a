import type Docker from "dockerode";
import { setPidsLimit } from "./containers.ts";
import { dockerWords, EngineError, hasStatus } from "./engine-error.ts";
import { DEFINITION_LABEL, isOwn, type Labels } from "./labels.ts";

/** What an app container is made from, as the engine takes it. */
export interface AppContainer {
  readonly name: string;
  /** Arguments of which another value means another container. */
  readonly made: Docker.ContainerCreateOptions;
  /** Names these arguments. */
  readonly definition: string;
  readonly labels: Labels;
  /** Processes and threads, which are changed while it runs. */
  readonly pids: number;
}

/** An app container as the engine has it. */
export interface FoundApp {
  readonly id: string;
  /** What it was made from; empty when no label tells. */
  readonly definition: string;
  readonly labels: Labels;
  readonly isRunning: boolean;
  readonly pids: number | undefined;
  /** Its addresses on its networks; none of one that was disconnected. */
  readonly addresses: readonly string[];
}

/** Looks at the container of a name; undefined when there is none. */
export async function findApp(docker: Docker, name: string): Promise<FoundApp | undefined> {
  try {
    const { Id, Config, State, HostConfig, NetworkSettings } = await docker.getContainer(name).inspect();
    return {
      id: Id,
      definition: Config.Labels[DEFINITION_LABEL] ?? "",
      labels: Config.Labels,
      isRunning: State.Running && !State.Paused,
      pids: HostConfig.PidsLimit ?? undefined,
      addresses: Object.values(NetworkSettings.Networks).map(
        ({ IPAMConfig, IPAddress }) => IPAMConfig?.IPv4Address ?? IPAddress,
      ),
    };
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

/**
 * Refuses to touch what is somebody else's.
 * @param knownId of the container that this stack's state names; labels decide about any other
 * @throws {EngineError}
 */
export function refuseForeign({ id, labels }: FoundApp, app: AppContainer, knownId?: string): void {
  if (id === knownId || isOwn(labels, app.labels)) return;
  throw new EngineError(
    `container name ${app.name} is taken by a container of somebody else; remove it (docker rm -f ${app.name}) or rename the stack`,
  );
}

/**
 * Makes the container and starts it. One that cannot be started is removed again.
 * @returns its id
 * @throws {EngineError} with Docker's words
 */
export async function runApp(docker: Docker, app: AppContainer): Promise<string> {
  const { name, made, definition, labels, pids } = app;
  let container: Docker.Container | undefined;
  try {
    container = await docker.createContainer({
      ...made,
      name,
      Labels: { ...labels, [DEFINITION_LABEL]: definition },
      HostConfig: { ...made.HostConfig, PidsLimit: pids },
    });
    await container.start();
    return container.id;
  } catch (cause) {
    await container?.remove({ force: true });
    throw new EngineError(`container ${name} cannot be started: ${dockerWords(cause)}`, { cause });
  }
}

/** Lets a container run that is as it shall be, but for its limit of processes and for being stopped or paused. */
export async function resumeApp(docker: Docker, found: FoundApp, pids: number): Promise<void> {
  const container = docker.getContainer(found.id);
  await setPidsLimit(docker, found.id, pids);
  if (found.isRunning) return;
  const { State } = await container.inspect();
  await (State.Paused ? container.unpause() : container.start());
}

/** Stops a container, which has so many seconds to end by itself, and removes it. One that is gone is no error. */
export async function removeApp(docker: Docker, id: string, graceSeconds: number): Promise<void> {
  const container = docker.getContainer(id);
  for (const step of [() => container.stop({ t: graceSeconds }), () => container.remove({ force: true })]) {
    try {
      await step();
    } catch (error) {
      // 304: it does not run; 404 and 409: it is gone, or somebody else is removing it
      if (![304, 404, 409].some((status) => hasStatus(error, status))) throw error;
    }
  }
}
