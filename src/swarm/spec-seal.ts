import type { Engine } from "../docker/engine.ts";
import { definitionName } from "../docker/labels.ts";
import { part, text } from "../docker/reply-parts.ts";
import type { FoundService } from "./swarm-replies.ts";

/** Services carry this label: what Swarm made of their definition, so that a change by hand is seen. */
export const SEAL_LABEL = "balancer.seal";

const VERSION = part({ Version: text });

const versions = new WeakMap<Engine, Promise<string>>();

/** Which engine tells. Another version may tell of the same service otherwise. */
export function versionOf(manager: Engine): Promise<string> {
  const found = versions.get(manager) ?? manager.version().then((told) => VERSION.parse(told).Version);
  versions.set(manager, found);
  return found;
}

/** Names all of what a service's tasks are made from, as a manager tells it. */
export function sealOf({ Spec }: FoundService, version: string): string {
  // How often it was updated says nothing of what it is.
  const { ForceUpdate: _, ...template } = Spec.whole.TaskTemplate;
  return `${version} ${definitionName(template)}`;
}

/** Whether somebody has changed what a service's tasks are made from. */
export function isChangedByHand(service: FoundService, version: string): boolean {
  const seal = service.Spec.Labels[SEAL_LABEL];
  return seal?.startsWith(`${version} `) === true && seal !== sealOf(service, version);
}
