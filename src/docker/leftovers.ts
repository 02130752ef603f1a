import type Docker from "dockerode";
import { overlaps, readCidr } from "../stack/subnet.ts";
import { EngineError, hasStatus } from "./engine-error.ts";
import { STACK_LABEL, STATE_LABEL } from "./labels.ts";
import { removeNetwork } from "./remove-network.ts";

/** Whose a found resource must be to be removed. */
export interface Owner {
  readonly stack: string;
  readonly state: string;
}

type LabelMap = Readonly<Record<string, string>> | null | undefined;

const isOwn = (labels: LabelMap, { stack, state }: Owner): boolean =>
  labels?.[STACK_LABEL] === stack && labels[STATE_LABEL] === state;

/**
 * Clears the way for a container that Pulumi is about to create. One that has its name or address and this stack's
 * labels is in no state: an update was killed between Docker's create and Pulumi's save.
 * @throws {EngineError} when somebody else's container has the name
 */
export async function clearContainer(docker: Docker, owner: Owner, name: string): Promise<void> {
  const found = await inspect(() => docker.getContainer(name).inspect());
  if (found === undefined) return;
  if (!isOwn(found.Config.Labels, owner)) {
    throw new EngineError(
      `container name ${name} is taken by a container of somebody else; remove it (docker rm -f ${name}) or rename the stack`,
    );
  }
  await docker.getContainer(found.Id).remove({ force: true });
}

/**
 * Clears the way for the stack's network, as {@link clearContainer}; the containers on it are leftovers as well.
 * @throws {EngineError} when somebody else's network has the name, or shares addresses with the subnet
 */
export async function clearNetwork(
  docker: Docker,
  owner: Owner,
  network: { readonly name: string; readonly subnet: string },
): Promise<void> {
  const found = (await docker.listNetworks()).find(({ Name }) => Name === network.name);
  if (found !== undefined) await clearOwnNetwork(docker, owner, found);
  await checkSubnetFree(docker, network);
}

/**
 * Looks whether a network can have a subnet, since Docker finds out only when it creates it, and then all that was on the
 * one that it replaces is gone.
 * @throws {EngineError} when another network shares addresses with it
 */
export async function checkSubnetFree(
  docker: Docker,
  { name, subnet }: { readonly name: string; readonly subnet: string },
): Promise<void> {
  const wanted = readCidr(subnet);
  if (wanted === undefined) return;
  for (const network of await docker.listNetworks()) {
    if (network.Name === name) continue;
    const clash = (network.IPAM?.Config ?? []).find(({ Subnet }) => {
      const other = readCidr(Subnet ?? "");
      return other !== undefined && overlaps(other, wanted);
    });
    if (clash === undefined) continue;
    throw new EngineError(
      `subnet ${subnet} overlaps ${clash.Subnet} of Docker network ${network.Name}; set another subnet, or remove that network (docker network rm ${network.Name})`,
    );
  }
}

async function clearOwnNetwork(
  docker: Docker,
  owner: Owner,
  network: Docker.NetworkInspectInfo,
): Promise<void> {
  if (!isOwn(network.Labels, owner)) {
    throw new EngineError(
      `network name ${network.Name} is taken by a network of somebody else; remove it (docker network rm ${network.Name}) or rename the stack`,
    );
  }
  const { Containers: attached = {} } = await docker.getNetwork(network.Id).inspect();
  for (const id of Object.keys(attached)) {
    const container = await inspect(() => docker.getContainer(id).inspect());
    if (container === undefined) continue;
    if (!isOwn(container.Config.Labels, owner))
      throw new EngineError(
        `container ${container.Name.slice(1)} is on network ${network.Name}; disconnect it first`,
      );
    await docker.getContainer(id).remove({ force: true });
  }
  await removeNetwork(docker, network.Id);
}

/**
 * Clears the way for a volume, as {@link clearContainer}.
 * @throws {EngineError} when somebody else's volume has the name
 */
export async function clearVolume(docker: Docker, owner: Owner, name: string): Promise<void> {
  const found = await inspect(() => docker.getVolume(name).inspect());
  if (found === undefined) return;
  if (!isOwn(found.Labels, owner)) {
    throw new EngineError(
      `volume name ${name} is taken by a volume of somebody else; remove it (docker volume rm ${name}) or rename the stack`,
    );
  }
  await docker.getVolume(name).remove({ force: true });
}

/** What the engine knows, or undefined when it knows nothing of that name. */
async function inspect<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}
