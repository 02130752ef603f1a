import type Docker from "dockerode";
import { findApp, removeApp } from "./app-container.ts";
import type { FoundApp, KeptApp } from "./app-host.ts";
import { RESTART_POLICY } from "./container-arguments.ts";
import { inspectContainer, listContainers } from "./engine-replies.ts";
import { type Labels, labelFilter, ROLE_LABEL, STACK_LABEL, STATE_LABEL } from "./labels.ts";

/** A container that is set aside has this after its name. */
const ASIDE = "-before";

/** Whether a container is there for the way back alone. */
export const isAsideName = (name: string): boolean => name.endsWith(ASIDE);

/**
 * Stops a container, and keeps it under another name: it is all that is known of what ran before. Of two the
 * older one is kept, as a roll-out that was killed has made the other.
 */
export async function setAside(docker: Docker, found: FoundApp, name: string): Promise<void> {
  if (await isSetAside(docker, name)) return removeApp(docker, found.id);
  const container = docker.getContainer(found.id);
  // The engine's next start would start it otherwise, at an address that is another's by then.
  await container.update({ RestartPolicy: { Name: "no" } });
  if (found.state === "paused") await container.unpause();
  if (found.state !== "stopped") await container.stop();
  await container.rename({ name: name + ASIDE });
}

/** Whether a container that had this name is set aside. */
export const isSetAside = async (docker: Docker, name: string): Promise<boolean> =>
  (await inspectContainer(docker, name + ASIDE)) !== undefined;

/** Finds what a stack has set aside. */
export async function findAside(docker: Docker, labels: Labels): Promise<KeptApp[]> {
  const wanted = labelFilter(labels, [STACK_LABEL, STATE_LABEL, ROLE_LABEL]);
  const listed = await listContainers(docker, { all: true, filters: { label: wanted } });
  const names = listed.map(({ name }) => name).filter(isAsideName);
  const found = await Promise.all(
    names.map(async (name) => ({ name, app: await findApp(docker, name) }) as const),
  );
  return found.flatMap(({ name, app }) =>
    app === undefined ? [] : [{ ...app, name: name.slice(0, -ASIDE.length) }],
  );
}

/** Gives a container that was set aside its name back, which must be free, and starts it. */
export async function putBack(docker: Docker, { id, name }: KeptApp): Promise<void> {
  const container = docker.getContainer(id);
  await container.rename({ name });
  await container.update({ RestartPolicy: { Name: RESTART_POLICY } });
  await container.start();
}
