import type { Engine } from "../docker/engine.ts";
import { type FoundService, type FoundTask, findServices, listTasks } from "./swarm-replies.ts";

/** A task, and the service that it is a run of. */
export interface ServiceTask {
  readonly service: FoundService;
  readonly task: FoundTask;
}

/** The newest run of a service comes first. */
export const newestFirst = (tasks: readonly FoundTask[]): FoundTask[] =>
  tasks.toSorted((a, b) => (a.CreatedAt < b.CreatedAt ? 1 : -1));

/** Whether a task runs what its service shall run by now: every update of ours counts up. */
export const isCurrent = ({ Spec }: FoundService, task: FoundTask): boolean =>
  task.DesiredState === "running" &&
  task.Status.State === "running" &&
  task.Spec.ForceUpdate === Spec.template.ForceUpdate;

/** The address that a task has on a network; undefined while it has none. */
export const addressOn = ({ NetworksAttachments }: FoundTask, networkId: string): string | undefined =>
  NetworksAttachments.find(({ Network }) => Network.ID === networkId)?.Addresses[0]?.split("/")[0];

/** Finds the tasks that run what services of a stack shall run by now, by the services' names. */
export async function findCurrentTasks(
  manager: Engine,
  names: readonly string[],
): Promise<ReadonlyMap<string, ServiceTask>> {
  const services = await findServices(manager, names);
  const tasks = await listTasks(manager, services);
  return new Map(
    services.flatMap((service) => {
      const own = newestFirst(tasks.filter(({ ServiceID }) => ServiceID === service.ID));
      const task = own.find((each) => isCurrent(service, each));
      return task === undefined ? [] : [[service.Spec.Name, { service, task }] as const];
    }),
  );
}

/** Finds the addresses of these tasks on the first network of each, which is the stack's. */
export async function findAddresses(
  manager: Engine,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const tasks = await findCurrentTasks(manager, names);
  return new Map(
    [...tasks].flatMap(([name, { service, task }]) => {
      const address = addressOn(task, service.Spec.template.Networks[0]?.Target ?? "");
      return address === undefined ? [] : [[name, address] as const];
    }),
  );
}
