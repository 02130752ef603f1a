import { z } from "zod";
import type { Engine } from "../docker/engine.ts";
import { ifFound } from "../docker/engine-error.ts";
import { flag, listOf, mapOf, number, part, text } from "../docker/reply-parts.ts";

// All that is read of what a manager tells of its Swarm.

const LABELS = mapOf(text);

const NODE = part({
  ID: text,
  Description: part({ Hostname: text, Engine: part({ EngineVersion: text }) }),
  Spec: part({ Role: text, Availability: text }),
  Status: part({ State: text, Addr: text }),
  ManagerStatus: part({ Leader: flag }),
});

const TASK_TEMPLATE = part({
  ContainerSpec: part({ Image: text, Labels: LABELS }),
  ForceUpdate: number,
  Networks: listOf(part({ Target: text })),
});

const MODE = z.looseObject({});
const MODE_READ = part({ Replicated: part({ Replicas: number }) });

const SERVICE = part({
  ID: text,
  Version: part({ Index: number }),
  Spec: z
    .looseObject({ Name: text, Labels: LABELS, TaskTemplate: z.looseObject({}), Mode: MODE })
    .transform((spec) => ({
      /** As it is, so that it can be sent back. */
      whole: spec,
      Name: spec.Name,
      Labels: spec.Labels,
      template: TASK_TEMPLATE.parse(spec.TaskTemplate),
      replicas: MODE_READ.parse(spec.Mode).Replicated.Replicas,
    })),
});

const TASK = part({
  ID: text,
  ServiceID: text,
  NodeID: text,
  CreatedAt: text,
  DesiredState: text,
  Spec: TASK_TEMPLATE,
  Status: part({
    State: text,
    Err: text,
    Message: text,
    Timestamp: text,
    ContainerStatus: part({ ContainerID: text, ExitCode: number }),
  }),
  NetworksAttachments: listOf(part({ Network: part({ ID: text }), Addresses: listOf(text) })),
});

/** A machine as a manager knows it. */
export type FoundNode = z.output<typeof NODE>;
/** A service as a manager has it. */
export type FoundService = z.output<typeof SERVICE>;
/** A task: one run of a service's container on some machine. */
export type FoundTask = z.output<typeof TASK>;

/** Lists the machines of a Swarm. Only a manager that has a leader tells. */
export const listNodes = async (manager: Engine, options: { readonly abortSignal?: AbortSignal } = {}) =>
  z.array(NODE).parse(await manager.listNodes(options));

/** Looks at a service by id or name. The result is undefined if there is none. */
export const inspectService = (manager: Engine, id: string): Promise<FoundService | undefined> =>
  ifFound(async () => SERVICE.parse(await manager.getService(id).inspect()));

/** Lists services by filters of the Engine API. */
export const listServices = async (
  manager: Engine,
  filters: Readonly<Record<string, readonly string[]>>,
): Promise<FoundService[]> =>
  z.array(SERVICE).parse(await manager.listServices({ filters: JSON.stringify(filters) }));

/** Finds services by their names. Of one that is not there nothing is in the result. */
export async function findServices(manager: Engine, names: readonly string[]): Promise<FoundService[]> {
  if (names.length === 0) return [];
  const wanted = new Set(names);
  // The filter is for how a name begins.
  const found = await listServices(manager, { name: names });
  return found.filter(({ Spec }) => wanted.has(Spec.Name));
}

/** Lists the tasks of services, past ones included. */
export async function listTasks(
  manager: Engine,
  services: readonly Pick<FoundService, "ID">[],
): Promise<FoundTask[]> {
  if (services.length === 0) return [];
  const filters = { service: services.map(({ ID }) => ID) };
  return z.array(TASK).parse(await manager.listTasks({ filters: JSON.stringify(filters) }));
}
