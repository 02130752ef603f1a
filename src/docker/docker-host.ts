import type Docker from "dockerode";
import { type AppContainer, findApp, removeApp, resumeApp, runApp } from "./app-container.ts";
import { removeUnusedFiles } from "./app-files.ts";
import type { AppHost } from "./app-host.ts";
import { lastLines, watchEnds, whyNotRunning } from "./containers.ts";
import { changedLimits, type Limits } from "./limits.ts";
import { findAside, isSetAside, putBack, setAside } from "./set-aside.ts";

/** What an app container may use of its host. */
const limitsOf = ({ made, pids }: AppContainer): Limits => ({ memory: made.HostConfig?.Memory ?? 0, pids });

/** App containers on one engine. */
export const dockerHost = (docker: Docker): AppHost => ({
  kind: "container",
  find: (name) => findApp(docker, name),
  run: (app) => runApp(docker, app),
  async replace(found, app, keepsBefore) {
    if (found !== undefined)
      await (keepsBefore ? setAside(docker, found, app.name) : removeApp(docker, found.id));
    await runApp(docker, app);
  },
  async resume({ id }, app) {
    const found = await findApp(docker, id);
    if (found !== undefined) await resumeApp(docker, found, limitsOf(app));
  },
  remove: (id) => removeApp(docker, id),
  async findDrift({ id }, limits) {
    const found = await findApp(docker, id);
    const drift = found && (await changedLimits(docker, found.hostConfig, limits));
    return drift?.map(({ words }) => words) ?? [];
  },
  isKept: (name) => isSetAside(docker, name),
  findKept: (labels) => findAside(docker, labels),
  async putBack(kept) {
    const current = await findApp(docker, kept.name);
    if (current !== undefined) await removeApp(docker, current.id);
    await putBack(docker, kept);
  },
  forget: ({ id }) => removeApp(docker, id),
  removeUnusedFiles: (labels) => removeUnusedFiles(docker, labels),
  watchEnds: () => watchEnds(docker),
  whyNotRunning: (name, known) => whyNotRunning(docker, name, known),
  lastLines: (name) => lastLines(docker, name),
});
