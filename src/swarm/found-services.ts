import { z } from "zod";
import type { KeptApp } from "../docker/app-host.ts";
import type { Engine } from "../docker/engine.ts";
import { EngineError } from "../docker/engine-error.ts";
import {
  DEFINITION_LABEL,
  describeTaken,
  isOfStack,
  type Labels,
  labelFilter,
  MADE_FROM_LABEL,
  ROLE_LABEL,
  STACK_LABEL,
  STATE_LABEL,
} from "../docker/labels.ts";
import { idKey, readMadeFrom } from "../stack/made-from.ts";
import type { ObservedApp } from "../stack/observed.ts";
import type { Topology } from "../stack/topology.ts";
import { isChangedByHand, versionOf } from "./spec-seal.ts";
import { type FoundService, findServices, listServices } from "./swarm-replies.ts";

/** What a service ran before a roll-out that has not ended, as JSON. */
export const BEFORE_LABEL = "balancer.before";

const BEFORE = z.object({
  Labels: z.record(z.string(), z.string()),
  TaskTemplate: z.looseObject({}),
});
/** What a service can run again. */
export type Before = z.output<typeof BEFORE>;

/** Reads what a service ran before; undefined where it keeps nothing. */
export function beforeOf({ Spec }: FoundService): Before | undefined {
  try {
    return BEFORE.safeParse(JSON.parse(Spec.Labels[BEFORE_LABEL] ?? "")).data;
  } catch {
    return undefined;
  }
}

/** Lists the services of app containers that a stack has. */
export const listAppServices = (manager: Engine, labels: Labels): Promise<FoundService[]> =>
  listServices(manager, {
    label: labelFilter({ ...labels, [ROLE_LABEL]: "app" }, [STACK_LABEL, STATE_LABEL, ROLE_LABEL]),
  });

/** Finds a stack's app containers, by the names of their services. What is kept has a name of its own. */
export async function observeServices(
  manager: Engine,
  stack: string,
): Promise<ReadonlyMap<string, ObservedApp>> {
  const [found, version] = await Promise.all([
    listServices(manager, { label: [`${STACK_LABEL}=${stack}`, `${ROLE_LABEL}=app`] }),
    versionOf(manager),
  ]);
  return new Map(
    found.flatMap((service) => {
      const { Name, Labels } = service.Spec;
      const madeFrom = readMadeFrom(Labels[MADE_FROM_LABEL]) ?? {};
      const app: ObservedApp = {
        definition: (isChangedByHand(service, version) ? "" : Labels[DEFINITION_LABEL]) || CHANGED,
        madeFrom,
        image: madeFrom[idKey("app.image")] ?? "",
        isRunning: service.Spec.replicas === 1,
      };
      const kept = beforeOf(service) === undefined ? [] : [[`${Name}-before`, app] as const];
      return [[Name, app] as const, ...kept];
    }),
  );
}

/**
 * Checks that nobody has a service under a name that a stack gives to one of its own. Swarm itself finds out
 * when that is made, and by then others have been replaced.
 * @throws {EngineError} The message names every such service.
 */
export async function checkNamesFree(
  manager: Engine,
  { stack, servers, standIn }: Pick<Topology, "stack" | "servers" | "standIn">,
): Promise<void> {
  const names = [...servers, standIn].map(({ containerName }) => containerName);
  const others = (await findServices(manager, names)).filter(({ Spec }) => !isOfStack(Spec.Labels, stack));
  const mistakes = others.map(({ Spec }) => describeTaken("service", Spec.Name));
  if (mistakes.length > 0) throw new EngineError(mistakes.sort().join("\n"));
}

/** Stands for what a service was made from that somebody has changed. */
const CHANGED = "unknown";

/** Names the app containers whose services somebody has changed by hand. */
export const changedByHand = (apps: ReadonlyMap<string, ObservedApp>): string[] =>
  [...apps].flatMap(([name, { definition }]) => (definition === CHANGED ? [name] : []));

/** What a service keeps, as something that can be put back; undefined where it keeps nothing. */
export function keptOf(service: FoundService): KeptApp | undefined {
  const before = beforeOf(service);
  const { Name } = service.Spec;
  return (
    before && {
      id: service.ID,
      name: Name,
      definition: before.Labels[DEFINITION_LABEL] ?? "",
      labels: before.Labels,
      state: "stopped",
      address: Name,
      networks: undefined,
    }
  );
}
