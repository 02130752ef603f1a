import { createHash } from "node:crypto";

/** Docker labels on everything that a stack owns. */
export const STACK_LABEL = "balancer.stack";
export const ROLE_LABEL = "balancer.role";
/** Names the Pulumi state that a resource belongs to, so that two checkouts never remove each other's containers. */
export const STATE_LABEL = "balancer.state";
/** On app containers: names what the container was made from. */
export const DEFINITION_LABEL = "balancer.definition";

/** What a labelled container, network or volume is for. */
export type Role =
  | "app"
  | "haproxy"
  | "network"
  | "config"
  | "config-check"
  | "prometheus"
  | "prometheus-data"
  | "grafana";

/** Docker labels by name. */
export type Labels = Readonly<Record<string, string>>;

/** A resource belongs to a stack only if it carries the labels of the stack and of its Pulumi state. */
export const isOwn = (labels: Labels | null | undefined, own: Labels): boolean =>
  [STACK_LABEL, STATE_LABEL].every((name) => labels?.[name] !== undefined && labels[name] === own[name]);

/** A short name for what a container is made from; another name means another container. */
export const definitionName = (parts: unknown): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);

export const labelsOf = (stack: string, state: string, role: Role): Labels => ({
  [STACK_LABEL]: stack,
  [ROLE_LABEL]: role,
  [STATE_LABEL]: state,
});

/** A short name for a Pulumi state: a backend, and the project folder that a relative one starts from. */
export const stateName = (backendUrl: string, projectFolder: string): string =>
  createHash("sha256").update(`${backendUrl}\n${projectFolder}`).digest("hex").slice(0, 12);
