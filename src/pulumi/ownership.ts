import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { connectEngine, type Engine } from "../docker/engine.ts";
import { labelsOf, type Role } from "../docker/labels.ts";
import { clearVolume, type Owner } from "../docker/leftovers.ts";
import type { Balancer, Topology } from "../stack/topology.ts";
import type { MachineInputs, SwarmInputs } from "./inputs.ts";
import { MachineVolume } from "./provided.ts";
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

/** A volume, by what the others need of it. */
export interface StackVolume {
  readonly name: pulumi.Output<string>;
  readonly resource: pulumi.Resource;
}

/**
 * Declares a volume, of a container that is on a machine or on the engine. A label names the checkout's
 * folder, and a move of that must not replace the volume.
 */
export function createVolume(
  name: string,
  role: Role,
  context: StackContext,
  machine: Balancer["machine"],
): StackVolume {
  const { owner, parent } = context;
  if (machine !== undefined) {
    const labels = labelsOf(owner.stack, owner.state, role);
    const resource = new MachineVolume(
      name,
      { machine: machineInputs(machine), volumeName: name, labels },
      { parent },
    );
    return { name: resource.volumeName, resource };
  }
  const resource = new docker.Volume(
    name,
    { name, labels: dockerLabels(owner, role) },
    {
      ...onDocker(context),
      ignoreChanges: ["labels"],
      ...clearedBeforeCreate(name, (engine) => clearVolume(engine, owner, name)),
    },
  );
  return { name: resource.name, resource };
}

/** What the provider needs of a machine. */
export const machineInputs = ({ name, engine, isDown }: NonNullable<Balancer["machine"]>): MachineInputs => ({
  name,
  engine,
  isDown,
});

/** What the provider needs of a Swarm. */
export const swarmInputs = ({ managers }: NonNullable<Topology["swarm"]>): SwarmInputs => ({
  managers: [...managers],
});
