import type Docker from "dockerode";
import { overlaps, readCidr } from "../stack/subnet.ts";
import { EngineError, ifFound } from "./engine-error.ts";
import {
  type FoundNetwork,
  inspectContainer,
  inspectNetwork,
  inspectVolume,
  listNetworks,
} from "./engine-replies.ts";
import { checkIsOwn, isOwn, type Labels, STACK_LABEL, STATE_LABEL } from "./labels.ts";
import { checkNoGuests } from "./network-guests.ts";
import { removeNetwork } from "./remove-network.ts";

/** A resource is removed only if it carries both labels. */
export interface Owner {
  readonly stack: string;
  readonly state: string;
}

const labelsOfOwner = ({ stack, state }: Owner): Labels => ({ [STACK_LABEL]: stack, [STATE_LABEL]: state });

/**
 * Clears the way for a container that Pulumi is about to create. A container with this name and this stack's
 * labels is in no state: an update was killed between Docker's create and Pulumi's save.
 * @throws {EngineError} Somebody else's container has the name.
 */
export async function clearContainer(docker: Docker, owner: Owner, name: string): Promise<void> {
  const found = await inspectContainer(docker, name);
  if (found === undefined) return;
  checkIsOwn("container", name, found.Config.Labels, labelsOfOwner(owner));
  await docker.getContainer(found.Id).remove({ force: true });
}

/**
 * Clears the way for the stack's network, and removes the stack's containers on it with it: they are
 * leftovers as well.
 * @throws {EngineError} Somebody else's network has the name or shares addresses with the subnet, or somebody
 *   else's container is on the network.
 */
export async function clearNetwork(
  docker: Docker,
  owner: Owner,
  network: { readonly name: string; readonly subnet: string },
): Promise<void> {
  const found = await inspectNetwork(docker, network.name);
  if (found !== undefined) await clearOwnNetwork(docker, owner, found);
  await checkSubnetFree(docker, network);
}

/**
 * Checks that a network can have a subnet. Docker itself finds out only when it creates the network, and by
 * then everything on the network before it is gone.
 * @throws {EngineError} Another network shares addresses with the subnet.
 */
export async function checkSubnetFree(
  docker: Docker,
  { name, subnet }: { readonly name: string; readonly subnet: string },
): Promise<void> {
  const wanted = readCidr(subnet);
  if (wanted === undefined) return;
  for (const network of await listNetworks(docker)) {
    if (network.Name === name) continue;
    const clash = network.IPAM.Config.find(({ Subnet }) => {
      const other = readCidr(Subnet);
      return other !== undefined && overlaps(other, wanted);
    });
    if (clash === undefined) continue;
    const what = `set another subnet, or remove that network (docker network rm ${network.Name})`;
    throw new EngineError(
      `subnet ${subnet} overlaps ${clash.Subnet} of Docker network ${network.Name}; ${what}`,
    );
  }
}

async function clearOwnNetwork(docker: Docker, owner: Owner, network: FoundNetwork): Promise<void> {
  const own = labelsOfOwner(owner);
  checkIsOwn("network", network.Name, network.Labels, own);
  for (const id of await checkNoGuests(docker, network.Name, (labels) => isOwn(labels, own)))
    await ifFound(() => docker.getContainer(id).remove({ force: true }));
  await removeNetwork(docker, network.Id);
}

/**
 * Clears the way for a volume that Pulumi is about to create.
 * @throws {EngineError} Somebody else's volume has the name.
 */
export async function clearVolume(docker: Docker, owner: Owner, name: string): Promise<void> {
  const found = await inspectVolume(docker, name);
  if (found === undefined) return;
  checkIsOwn("volume", name, found.Labels, labelsOfOwner(owner));
  await docker.getVolume(name).remove({ force: true });
}
