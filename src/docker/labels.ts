import { createHash } from "node:crypto";

/** Everything that a stack owns on the engine carries these labels. */
export const STACK_LABEL = "balancer.stack";
export const ROLE_LABEL = "balancer.role";
/** Names the Pulumi state that owns a resource, so two checkouts never remove each other's containers. */
export const STATE_LABEL = "balancer.state";
/** App containers carry this label too: it names what the container was made from. */
export const DEFINITION_LABEL = "balancer.definition";

/** The purpose of a labelled container, network or volume. */
export type Role =
  | "app"
  | "haproxy"
  | "network"
  | "config"
  | "config-check"
  | "prometheus"
  | "prometheus-data"
  | "grafana";

/** The labels of one resource. */
export interface Labels {
  readonly [STACK_LABEL]: string;
  readonly [ROLE_LABEL]: Role;
  readonly [STATE_LABEL]: string;
}

/** Makes a short name for what a container is made from. Another name means another container. */
export const definitionName = (parts: unknown): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);

export const labelsOf = (stack: string, state: string, role: Role): Labels => ({
  [STACK_LABEL]: stack,
  [ROLE_LABEL]: role,
  [STATE_LABEL]: state,
});

/** Makes a short name for a Pulumi state: its backend, and the folder that a relative backend starts from. */
export const stateName = (backendUrl: string, projectFolder: string): string =>
  createHash("sha256").update(`${backendUrl}\n${projectFolder}`).digest("hex").slice(0, 12);
