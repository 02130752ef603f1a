import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { buildImage } from "../harness/built-image.ts";
import { DockerFolder } from "../harness/docker-folder.ts";
import { ImageRegistry } from "../harness/image-registry.ts";
import { docker } from "../harness/running-stack.ts";
import { serverNames } from "../harness/scaling.ts";
import { MACHINES_PLACES } from "../harness/stack-places.ts";
import { Machines, type Task } from "../harness/swarm.ts";
import { LoadOfEach, SwarmStack } from "../harness/swarm-stack.ts";
import { until } from "../harness/until.ts";

const PODINFO = "stefanprodan/podinfo:6.9.2";
const VERSIONS = ["swarm-shop-app:1", "swarm-shop-app:2", "swarm-shop-app:3"] as const;
const LOGIN = "ali:open:sesame";

/** Of somebody else, with names as near to the stack's as can be. */
const FOREIGN_NETWORK = "swarm-shop-other";
const FOREIGN_SERVICES = ["swarm-shop-other", "swarm-shop-podinfo9"] as const;
const FOREIGN_CONTAINER = "swarm-shop-haproxy9";

let machines: Machines;
let registry: ImageRegistry;
/** Of the user who is logged in to the registry. */
let loggedIn: DockerFolder;
/** Has a private image. */
let shop: SwarmStack;
/** The same image as everybody's, and a name that begins as the other's. */
let beside: SwarmStack;
/** As the config has it. */
let image: string;

beforeAll(async () => {
  for (const [index, reference] of VERSIONS.entries()) await buildImage(reference, PODINFO, `${index + 1}`);
  machines = await Machines.up({ place: MACHINES_PLACES["swarm-shop"], takeHostRegistry: true });
  registry = await ImageRegistry.start(LOGIN, machines.hostAddress);
  const auth = Buffer.from(LOGIN).toString("base64");
  loggedIn = new DockerFolder({ auths: { [registry.host]: { auth } } });
  image = `${registry.host}/shop:stable`;
  const config = { mode: "hash", count: 2, slots: 8, drainTimeout: "1s", readyTimeout: "30s" };
  shop = await SwarmStack.createOn(machines, {
    name: "swarm-shop",
    config: { ...config, "app.image": image, "app.port": 9898, "app.readyPath": "/readyz" },
  });
  beside = await SwarmStack.createOn(machines, { name: "swarm-shop-b", config });
});
beforeEach(() => loginOf(loggedIn));
afterEach(() => void vi.unstubAllEnvs());
afterAll(async () => {
  await machines?.down();
  await shop?.dispose();
  await beside?.dispose();
  await registry?.stop();
  loggedIn?.[Symbol.dispose]();
  for (const reference of VERSIONS) await docker.getImage(reference).remove({ force: true });
});

/** Runs what follows as the user whose docker command has these files. */
const loginOf = ({ env }: DockerFolder): void => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
};

const publish = (version: (typeof VERSIONS)[number]) => registry.publish(docker, version);

/** Asks the manager that the stacks are changed by. */
const manager = () => machines.engineOf(1);

const inspectServices = (names: readonly string[]) =>
  Promise.all(names.map((name) => manager().getService(name).inspect()));

const servicesOf = (stack: SwarmStack, count: number): string[] =>
  serverNames(count).map((name) => `${stack.name}-podinfo${name.slice(1)}`);

/** What the services of a stack run, by the names that any machine finds it by. */
const imagesOf = async (stack: SwarmStack, count: number): Promise<string[]> =>
  (await inspectServices(servicesOf(stack, count))).map(({ Spec }) => Spec.TaskTemplate.ContainerSpec.Image);

/** Docker's ids of what the containers of a stack really run. */
const runningImages = async (stack: SwarmStack, count: number): Promise<string[]> =>
  Promise.all(
    (await stack.tasks(count)).map(async ({ machine, containerId = "" }) => {
      const { Image } = await machines.engineOf(machine).getContainer(containerId).inspect();
      return Image;
    }),
  );

const atDigest = ({ digest }: { readonly digest: string }): string => `${registry.host}/shop@${digest}`;
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

/** Every balancer of a stack has so many servers up, each where its task is. */
async function areUp(stack: SwarmStack, count: number): Promise<boolean> {
  const tasks = await stack.tasks(count);
  const expected = serverNames(count).map((name, index) => `${name} ${tasks[index]?.address}`);
  const found = await Promise.all(machines.numbers.map((n) => stack.upServers(n)));
  return found.every(
    (servers) => servers.map(({ name, address }) => `${name} ${address}`).join() === expected.join(),
  );
}

/** All of a stack that stays as it is while nobody changes it. */
async function stateOf(stack: SwarmStack, count: number) {
  return {
    resources: await stack.resources(),
    tasks: await stack.tasks(count),
    services: await inspectServices(servicesOf(stack, count)),
    balancers: await Promise.all(machines.numbers.map((n) => stack.haproxyIdentity(n))),
  };
}

/** All that somebody else has. */
async function stateOfForeign() {
  const container = await machines.engineOf(2).getContainer(FOREIGN_CONTAINER).inspect();
  return {
    network: (await manager().getNetwork(FOREIGN_NETWORK).inspect()).Id,
    services: await inspectServices(FOREIGN_SERVICES),
    tasks: await machines.tasksOf(...FOREIGN_SERVICES),
    container: { id: container.Id, state: container.State, networks: container.NetworkSettings.Networks },
  };
}

/** A service of somebody else. */
const createForeign = (Name: string, { replicas = 1, network = "", machine = 0 } = {}) =>
  manager().createService({
    Name,
    TaskTemplate: {
      ContainerSpec: { Image: PODINFO, StopSignal: "SIGKILL" },
      ...(machine !== 0 && { Placement: { Constraints: [`node.hostname==${machines.nameOf(machine)}`] } }),
      ...(network !== "" && { Networks: [{ Target: network }] }),
    },
    Mode: { Replicated: { Replicas: replicas } },
  });

/** Whether the container of a task is no more. */
async function isGone({ machine = 0, containerId = "" }: Partial<Task> = {}): Promise<boolean> {
  const found = await machines.engineOf(machine).listContainers({ all: true });
  return found.every(({ Id }) => Id !== containerId);
}

/** Runs something under load on all balancers of a stack, of which no request fails. */
async function withoutFailures(loaded: SwarmStack, run: () => Promise<unknown>): Promise<void> {
  const load = new LoadOfEach(machines.numbers.map((n) => loaded.urlOf(n)));
  await load.settle();
  await run();
  await load.settle();
  expect((await load.stop()).failures).toEqual([]);
}

describe("an image of a registry that wants a login", () => {
  let first: Awaited<ReturnType<typeof publish>>;
  beforeAll(async () => {
    first = await publish(VERSIONS[0]);
  });

  test("is told with what to do where nobody is logged in, before anything is touched", async () => {
    using nobody = new DockerFolder();
    loginOf(nobody);
    const { exitCode, output } = await shop.tryUp();
    expect(exitCode).not.toBe(0);
    expect(output).toContain(`image ${image} (app.image) is not on the engine and cannot be pulled`);
    expect(output).toContain(`docker is not logged in to ${registry.host}`);
    expect(output).toContain(`log in with: docker login ${registry.host}, correct app.image, or load`);
    expect(await shop.resources()).toEqual([]);
  });

  test("is pulled by each machine that runs it, by the digest that a manager has found", async () => {
    // Swarm starts what comes on the machines with the fewest.
    const ballast = await createForeign("swarm-shop-ballast", { replicas: 3, machine: 3 });
    await shop.up();
    expect(await imagesOf(shop, 2)).toEqual(times(2, atDigest(first)));
    expect(await runningImages(shop, 2)).toEqual(times(2, first.id));
    expect((await shop.tasks(2)).map(({ machine }) => machine).sort()).toEqual([1, 2]);
    expect(registry.givenTo("stable")).toEqual([machines.addressOf(1)]);
    expect(registry.givenTo(first.digest)).toContain(machines.addressOf(2));
    expect(registry.givenTo(first.digest)).not.toContain(machines.addressOf(3));
    await ballast.remove();
  });

  test("is the same on a machine that gets it when the tag is another's, without an update", async () => {
    await publish(VERSIONS[1]);
    await machines.setAvailability(2, "drain");
    await until(async () => {
      const tasks = await shop.tasks(2);
      return tasks.every(({ machine, state }) => machine !== 2 && state === "running");
    }, 60_000);
    await until(() => areUp(shop, 2));
    expect((await shop.tasks(2)).map(({ machine }) => machine).sort()).toEqual([1, 3]);
    expect(await runningImages(shop, 2)).toEqual(times(2, first.id));
    expect(registry.givenTo(first.digest)).toContain(machines.addressOf(3));
    await machines.setAvailability(2, "active");
  });
});

describe("beside what others have", () => {
  beforeAll(async () => {
    await manager().createNetwork({ Name: FOREIGN_NETWORK, Driver: "overlay", Attachable: true });
    const [one, three] = FOREIGN_SERVICES;
    await createForeign(one, { network: FOREIGN_NETWORK });
    await createForeign(three, { replicas: 3, network: FOREIGN_NETWORK });
    await until(async () =>
      (await machines.tasksOf(...FOREIGN_SERVICES)).every(({ state }) => state === "running"),
    );
    const container = await machines.engineOf(2).createContainer({
      ...{ name: FOREIGN_CONTAINER, Image: PODINFO, HostConfig: { NetworkMode: FOREIGN_NETWORK } },
    });
    await container.start();
  });

  test("another stack comes up, and nothing of theirs is touched", async () => {
    const before = [await stateOf(shop, 2), await stateOfForeign()];
    await withoutFailures(shop, () => beside.up());
    expect(await areUp(beside, 2)).toBe(true);
    expect([await stateOf(shop, 2), await stateOfForeign()]).toEqual(before);
  });

  test("status and plan count the stack's own alone", async () => {
    for (const stack of [shop, beside]) {
      expect((await stack.command("plan")).output).toBe("nothing to change\n");
      const { exitCode, output } = await stack.command("status", "--json");
      expect(exitCode, output).toBe(0);
      const servers = (await stack.tasks(2)).map(({ machine }, index) => ({
        ...{ name: `s${index + 1}`, machine: machines.nameOf(machine) },
      }));
      expect(JSON.parse(output)).toMatchObject(times(3, { servers }));
    }
  });

  test("a tag that is another image now is rolled out to every server, and none of theirs", async () => {
    const before = [await stateOf(beside, 2), await stateOfForeign()];
    const balancers = (await stateOf(shop, 2)).balancers;
    const second = await publish(VERSIONS[1]);
    await withoutFailures(beside, () => shop.up({ "app.pull": "always" }));
    expect(await imagesOf(shop, 2)).toEqual(times(2, atDigest(second)));
    expect(await runningImages(shop, 2)).toEqual(times(2, second.id));
    expect(await areUp(shop, 2)).toBe(true);
    expect((await stateOf(shop, 2)).balancers).toEqual(balancers);
    expect([await stateOf(beside, 2), await stateOfForeign()]).toEqual(before);
  });

  test("further servers get what the others run, whatever the tag is by now", async () => {
    const before = [await stateOf(beside, 2), await stateOfForeign()];
    const tasks = await shop.tasks(2);
    const [running] = await imagesOf(shop, 1);
    const [id] = await runningImages(shop, 1);
    const third = await publish(VERSIONS[2]);
    await withoutFailures(beside, () => shop.up({ "app.pull": undefined, count: 3 }));
    expect(await imagesOf(shop, 3)).toEqual(times(3, running));
    expect(await runningImages(shop, 3)).toEqual(times(3, id));
    expect(registry.givenTo(third.digest)).toEqual([]);
    expect(await areUp(shop, 3)).toBe(true);
    expect(await shop.tasks(2)).toEqual(tasks);
    expect([await stateOf(beside, 2), await stateOfForeign()]).toEqual(before);
  });

  test("services of theirs that have names of the stack's are told, before anything is touched", async () => {
    const before = [await stateOf(shop, 3), await stateOf(beside, 2), await stateOfForeign()];
    const names = ["podinfo4", "standin"].map((name) => `${shop.name}-${name}`);
    const taken = await Promise.all(names.map((name) => createForeign(name)));
    const { exitCode, output } = await shop.tryUp({ count: 4, "app.env": { COLOUR: "blue" } });
    expect(exitCode).not.toBe(0);
    for (const name of names) {
      const remedy = `remove it (docker service rm ${name}) or rename the stack`;
      expect(output).toContain(`service name ${name} is taken by a service of somebody else; ${remedy}`);
    }
    expect((await shop.command("plan")).output).toContain(`service name ${names[0]} is taken by a service`);
    expect((await inspectServices(names)).map(({ ID }) => ID)).toEqual(taken.map(({ id }) => id));
    expect([await stateOf(shop, 3), await stateOf(beside, 2), await stateOfForeign()]).toEqual(before);
    shop.configure({ count: 3, "app.env": undefined });
    for (const service of taken) await service.remove();
  });

  test("destroy does not begin while one of theirs is on the stack's network, and tells it", async () => {
    const before = await stateOf(shop, 3);
    const guest = await createForeign("swarm-shop-guest", { network: `${shop.name}-balancer` });
    await until(async () => (await machines.tasksOf("swarm-shop-guest"))[0]?.state === "running");
    await expect(shop.destroy()).rejects.toThrow(
      `service swarm-shop-guest is on network ${shop.name}-balancer; take it off first`,
    );
    expect(await stateOf(shop, 3)).toEqual(before);
    const [task] = await machines.tasksOf("swarm-shop-guest");
    await guest.remove();
    // Its container is on the network until it has ended.
    await until(() => isGone(task));
  });

  test("destroy leaves all of theirs, and serving", async () => {
    const before = [await stateOf(beside, 2), await stateOfForeign()];
    await withoutFailures(beside, () => shop.destroy());
    // An engine ends the containers of a removed service in its own time.
    await until(async () => (await shop.resources()).length === 0);
    expect([await stateOf(beside, 2), await stateOfForeign()]).toEqual(before);
    expect((await beside.command("status")).exitCode).toBe(0);
  });
});
