import type Docker from "dockerode";
import { ifFound } from "../../src/docker/engine-error.ts";
import { removeNetwork } from "../../src/docker/remove-network.ts";

/**
 * Removes containers, networks and volumes with a label, `name=value`: a run's own, and those of a run that
 * was killed.
 */
export async function removeLabelled(docker: Docker, label: string): Promise<void> {
  const filters = { label: [label] };
  const containers = await docker.listContainers({ all: true, filters });
  await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  for (const { Id } of await docker.listNetworks({ filters })) await removeNetwork(docker, Id);
  const { Volumes: volumes } = await docker.listVolumes({ filters });
  for (const { Name } of volumes ?? []) await docker.getVolume(Name).remove();
}

/** Names of the containers, networks and volumes with a label, `name=value`. */
export async function labelledNames(docker: Docker, label: string): Promise<string[]> {
  const filters = { label: [label] };
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  return [
    ...containers.map(({ Names }) => Names[0]?.slice(1) ?? ""),
    ...networks.map(({ Name }) => Name),
    ...(volumes ?? []).map(({ Name }) => Name),
  ].sort();
}

/** What has a name of its own, and no label. */
interface Named {
  readonly containers?: readonly string[];
  readonly networks?: readonly string[];
  readonly volumes?: readonly string[];
}

/** Removes what there is of these: a run's own, and those of a run that was killed. */
export async function removeNamed(docker: Docker, { containers, networks, volumes }: Named): Promise<void> {
  const remove = (all: readonly { remove(): Promise<unknown> }[] = []) =>
    Promise.all(all.map((each) => ifFound(() => each.remove())));
  await Promise.all(
    (containers ?? []).map((name) =>
      ifFound(() => docker.getContainer(name).remove({ force: true, v: true })),
    ),
  );
  await remove(networks?.map((name) => docker.getNetwork(name)));
  await remove(volumes?.map((name) => docker.getVolume(name)));
}
