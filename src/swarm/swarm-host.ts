import type { AppContainer } from "../docker/app-container.ts";
import type { AppHost, FoundApp } from "../docker/app-host.ts";
import type { Engine } from "../docker/engine.ts";
import { dockerWords, EngineError, hasStatus } from "../docker/engine-error.ts";
import { DEFINITION_LABEL, MADE_FROM_LABEL } from "../docker/labels.ts";
import { loginFor, registryOf } from "../docker/registry-login.ts";
import { readMadeFrom } from "../stack/made-from.ts";
import { BEFORE_LABEL, beforeOf, keptOf, listAppServices } from "./found-services.ts";
import { provideFiles, removeUnusedSecrets } from "./service-files.ts";
import { type ServiceSpec, serviceSpecOf } from "./service-spec.ts";
import { isChangedByHand, SEAL_LABEL, sealOf, versionOf } from "./spec-seal.ts";
import { type FoundService, inspectService } from "./swarm-replies.ts";
import { lastLinesOf, watchTaskEnds, whyNoTaskRuns } from "./task-ends.ts";
import { findAddresses } from "./tasks.ts";

/** App containers on a Swarm: a service for each, of which a manager sees to it that one task runs. */
export const swarmHost = (manager: Engine): AppHost => ({
  kind: "service",
  async find(name) {
    const found = await inspectService(manager, name);
    return found && describe(found, await versionOf(manager));
  },
  run: (app) => create(manager, app),
  async replace(found, app, keepsBefore) {
    if (found === undefined) return create(manager, app);
    const spec = await specOf(manager, app);
    await update(manager, app.name, app.made.Image ?? "", (service) => {
      const before = service.Spec.Labels[BEFORE_LABEL] ?? (keepsBefore ? textOf(service) : undefined);
      const Labels = { ...spec.Labels, ...(before !== undefined && { [BEFORE_LABEL]: before }) };
      return { ...spec, Labels, TaskTemplate: nextOf(spec.TaskTemplate, service) };
    });
    await seal(manager, app.name);
  },
  async resume(found, app) {
    if (found.state === "running") return;
    const Mode = { Replicated: { Replicas: 1 } };
    await update(manager, app.name, "", ({ Spec }) => ({ ...Spec.whole, Mode }));
  },
  async remove(id) {
    try {
      await manager.getService(id).remove();
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
    }
  },
  findDrift: async () => [],
  isKept: async (name) => {
    const found = await inspectService(manager, name);
    return found !== undefined && beforeOf(found) !== undefined;
  },
  findKept: async (labels) => (await listAppServices(manager, labels)).flatMap((each) => keptOf(each) ?? []),
  putBack: ({ name, labels }) =>
    update(manager, name, readMadeFrom(labels[MADE_FROM_LABEL])?.["app.image"] ?? "", (service) => {
      const before = beforeOf(service);
      if (before === undefined) return undefined;
      const { Labels, TaskTemplate } = before;
      return { ...service.Spec.whole, Labels, TaskTemplate: nextOf(TaskTemplate, service) };
    }),
  forget: ({ name }) =>
    update(manager, name, "", ({ Spec }) => {
      const { [BEFORE_LABEL]: _, ...Labels } = Spec.Labels;
      return { ...Spec.whole, Labels };
    }),
  removeUnusedFiles: (labels) => removeUnusedSecrets(manager, labels),
  watchEnds: () => watchTaskEnds(manager),
  whyNotRunning: (name, known) => whyNoTaskRuns(manager, name, known),
  lastLines: (name) => lastLinesOf(manager, name),
  findAddresses: (names) => findAddresses(manager, names),
});

function describe(service: FoundService, version: string): FoundApp {
  const { ID, Spec } = service;
  return {
    id: ID,
    definition: isChangedByHand(service, version) ? "" : (Spec.Labels[DEFINITION_LABEL] ?? ""),
    labels: Spec.Labels,
    state: Spec.replicas === 1 ? "running" : "stopped",
    address: Spec.Name,
    networks: undefined,
  };
}

/** Writes down what Swarm has made of a service. Its tasks stay. */
async function seal(manager: Engine, name: string): Promise<void> {
  const version = await versionOf(manager);
  await update(manager, name, "", (service) => ({
    ...service.Spec.whole,
    Labels: { ...service.Spec.Labels, [SEAL_LABEL]: sealOf(service, version) },
  }));
}

/** What a service runs now, for the way back. */
const textOf = ({ Spec: { whole } }: FoundService): string =>
  JSON.stringify({ Labels: whole.Labels, TaskTemplate: whole.TaskTemplate });

/** Has Swarm start another task, and tells that one from those before it. */
const nextOf = (template: object, { Spec }: FoundService) => ({
  ...template,
  ForceUpdate: Spec.template.ForceUpdate + 1,
});

const specOf = async (manager: Engine, app: AppContainer): Promise<ServiceSpec> =>
  serviceSpecOf(app, await provideFiles(manager, app.files ?? {}, app.labels));

async function create(manager: Engine, app: AppContainer): Promise<void> {
  const { auth } = await loginFor(app.made.Image ?? "");
  // Its types want a user's name and password, where a token will do.
  const createService: (auth: object, spec: object) => Promise<unknown> = manager.createService.bind(manager);
  try {
    await createService({ ...auth }, await specOf(manager, app));
  } catch (cause) {
    throw new EngineError(`service ${app.name} cannot be made: ${dockerWords(cause)}`, { cause });
  }
  await seal(manager, app.name);
}

/** Swarm itself writes down how far an update is, and so may come in between. */
const MOST_TRIES = 20;

/**
 * Updates a service as it is by now.
 * @param image Its registry's login goes with the service; empty for the one that it has.
 * @param specOf makes the next spec of what there is; undefined for no update
 */
async function update(
  manager: Engine,
  name: string,
  image: string,
  specOf: (service: FoundService) => object | undefined,
): Promise<void> {
  const { registry, auth } = image === "" ? {} : await loginFor(image);
  for (let tries = 1; ; tries += 1) {
    const service = await inspectService(manager, name);
    if (service === undefined) throw new EngineError(`service ${name} is gone; run the update again`);
    const spec = specOf(service);
    if (spec === undefined) return;
    // Swarm keeps the login of before where none comes, and would show it to whatever registry there is now.
    const isOther = image !== "" && registryOf(service.Spec.template.ContainerSpec.Image) !== registry;
    try {
      await manager.getService(service.ID).update({
        authconfig: auth ?? (isOther ? {} : undefined),
        _query: { version: service.Version.Index },
        _body: spec,
      });
      return;
    } catch (cause) {
      const words = dockerWords(cause);
      if (tries < MOST_TRIES && /update out of sequence/.test(words)) continue;
      throw new EngineError(`service ${name} cannot be updated: ${words}`, { cause });
    }
  }
}
