import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { connectEngine, type Engine } from "../docker/engine.ts";
import { labelsOf, type Role } from "../docker/labels.ts";
import { clearVolume, type Owner } from "../docker/leftovers.ts";
import { onDocker, type StackContext } from "./stack-context.ts";

/** Labels as the Docker provider takes them. */
export const dockerLabels = ({ stack, state }: Owner, role: Role): { label: string; value: string }[] =>
  Object.entries(labelsOf(stack, state, role)).map(([label, value]) => ({ label, value }));

/**
 * Resource options that clear the way before Pulumi creates a resource: an update that was killed between
 * Docker's create and Pulumi's save leaves something that no state knows, and the next one would fail on its
 * name.
 * @param name the resource's name
 * @param clear removes what is this stack's own, and throws on what is not
 */
export function clearedBeforeCreate(name: string, clear: (engine: Engine) => Promise<void>) {
  const hook = new pulumi.ResourceHook(`clear-${name}`, async () => {
    await clear(await connectEngine());
  });
  return { hooks: { beforeCreate: [hook] } };
}

/** Declares a volume. A label names the checkout's folder, and a move of that must not replace the volume. */
export const createVolume = (name: string, role: Role, context: StackContext) =>
  new docker.Volume(
    name,
    { name, labels: dockerLabels(context.owner, role) },
    {
      ...onDocker(context),
      ignoreChanges: ["labels"],
      ...clearedBeforeCreate(name, (engine) => clearVolume(engine, context.owner, name)),
    },
  );
