import { createHash } from "node:crypto";
import { idKey, type MadeFrom, readMadeFrom, shortId } from "../stack/made-from.ts";
import { EngineError } from "./engine-error.ts";

/** Everything that a stack owns on the engine carries these labels. */
export const STACK_LABEL = "balancer.stack";
export const ROLE_LABEL = "balancer.role";
/** Names the Pulumi state that owns a resource, so two checkouts never remove each other's containers. */
export const STATE_LABEL = "balancer.state";
/** App containers carry this label too: it names what the container was made from. */
export const DEFINITION_LABEL = "balancer.definition";

/** Containers carry this label: what the container was made from, by config key, as JSON. */
export const MADE_FROM_LABEL = "balancer.made-from";

/** The purpose of a labelled container, network or volume. */
export type Role =
  | "app"
  | "haproxy"
  | "network"
  | "config"
  | "config-check"
  | "files"
  | "prometheus"
  | "prometheus-data"
  | "grafana";

/** Docker labels by name. */
export type Labels = Readonly<Record<string, string>>;

/** A resource belongs to a stack only if it carries the labels of the stack and of its Pulumi state. */
export const isOwn = (labels: Labels | null | undefined, own: Labels): boolean =>
  [STACK_LABEL, STATE_LABEL].every((name) => labels?.[name] !== undefined && labels[name] === own[name]);

/**
 * Whether a container on a stack's network, or under a name of the stack's, is the stack's. A checkout that
 * was moved has another state since then, and what it made before has not.
 */
export const isOfStack = (labels: Labels, stack: string): boolean =>
  labels[STACK_LABEL] === stack && labels[STATE_LABEL] !== undefined;

const REMOVE = {
  container: "docker rm -f",
  network: "docker network rm",
  volume: "docker volume rm",
  service: "docker service rm",
} as const;

/** @throws {EngineError} The name that a stack needs is taken by a resource of somebody else. */
export function checkIsOwn(
  kind: keyof typeof REMOVE,
  name: string,
  labels: Labels | null | undefined,
  own: Labels,
): void {
  if (!isOwn(labels, own)) throw new EngineError(describeTaken(kind, name));
}

/** Says that a name is taken by a resource of somebody else. */
export function describeTaken(kind: keyof typeof REMOVE, name: string): string {
  const removal = `remove it (${REMOVE[kind]} ${name})`;
  return `${kind} name ${name} is taken by a ${kind} of somebody else; ${removal} or rename the stack`;
}

/** Makes a short name for what a container is made from. Another name means another container. */
export const definitionName = (parts: unknown): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);

/**
 * Reads what a container was made from. The label of a container that somebody made again from a newer image,
 * with all of its labels, still has the old one, so the container's own is taken.
 * @param imageKey config key of its image
 */
export function madeFromOf(labels: Labels, imageId: string, imageKey: string): MadeFrom {
  const told = readMadeFrom(labels[MADE_FROM_LABEL]) ?? {};
  const key = idKey(imageKey);
  return told[key] === undefined ? told : { ...told, [key]: shortId(imageId) };
}

/** Names what an app container was made from. Empty if no label tells, or it tells of another image. */
export function definitionOf(labels: Labels, imageId: string): string {
  const told = readMadeFrom(labels[MADE_FROM_LABEL])?.[idKey("app.image")];
  return told === undefined || told === shortId(imageId) ? (labels[DEFINITION_LABEL] ?? "") : "";
}

export const labelsOf = (stack: string, state: string, role: Role): Labels => ({
  [STACK_LABEL]: stack,
  [ROLE_LABEL]: role,
  [STATE_LABEL]: state,
});

/** Labels as the engine's lists are filtered by. */
export const labelFilter = (labels: Labels, names: readonly string[] = Object.keys(labels)): string[] =>
  names.map((name) => `${name}=${labels[name]}`);

/** Makes a short name for a Pulumi state: its backend, and the folder that a relative backend starts from. */
export const stateName = (backendUrl: string, projectFolder: string): string =>
  createHash("sha256").update(`${backendUrl}\n${projectFolder}`).digest("hex").slice(0, 12);
