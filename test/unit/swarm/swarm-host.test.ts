import { afterEach, describe, expect, test, vi } from "vitest";
import type { AppContainer } from "../../../src/docker/app-container.ts";
import type { FoundApp } from "../../../src/docker/app-host.ts";
import { labelsOf } from "../../../src/docker/labels.ts";
import { swarmHost } from "../../../src/swarm/swarm-host.ts";
import { DockerFolder } from "../../harness/docker-folder.ts";
import { FakeManager, refused } from "./fake-manager.ts";

const NAME = "demo-podinfo1";
const LABELS = labelsOf("demo", "state", "app");

/** An app container of a version, which its image and its definition name. */
const app = (version: string, more: Partial<AppContainer> = {}): AppContainer => ({
  name: NAME,
  made: { Image: `r.test/app:${version}`, HostConfig: { NetworkMode: "demo-balancer" } },
  ...{ definition: version, labels: LABELS, networks: [], pids: 512, restartDelayMs: 1_000 },
  ...more,
});

/** What a service's tasks are made from, in short. */
const running = (manager: FakeManager) => {
  const { Labels, TaskTemplate } = manager.spec(NAME);
  return { definition: Labels["balancer.definition"], task: TaskTemplate };
};
const forced = (version: string, ForceUpdate: number) => ({
  definition: version,
  task: expect.objectContaining({
    ForceUpdate,
    ContainerSpec: expect.objectContaining({ Image: `r.test/app:${version}` }),
  }),
});

async function found(manager: FakeManager): Promise<FoundApp> {
  const service = await swarmHost(manager.docker).find(NAME);
  if (service === undefined) throw new Error("there is no service");
  return service;
}

/** Replaces the container by another version. */
const replace = async (manager: FakeManager, version: string, keepsBefore = true) =>
  swarmHost(manager.docker).replace(await found(manager), app(version), keepsBefore);

/** A manager with a service of version 1. */
async function withService(): Promise<FakeManager> {
  const manager = await FakeManager.start();
  await swarmHost(manager.docker).run(app("1"));
  manager.changes.length = 0;
  return manager;
}

afterEach(() => void vi.unstubAllEnvs());

describe("an app container on a Swarm", () => {
  test("is a service of its name, found where HAProxy finds it by that name", async () => {
    await using manager = await FakeManager.start();
    const host = swarmHost(manager.docker);
    expect(await host.find(NAME)).toBeUndefined();
    await host.run(app("1"));
    expect(manager.changes[0]).toBe(`create ${NAME}`);
    expect(await host.find(NAME)).toMatchObject({
      ...{ id: `${NAME}-id`, definition: "1", state: "running", address: NAME, networks: undefined },
      labels: expect.objectContaining(LABELS),
    });
    expect(running(manager)).toEqual(forced("1", 0));
  });

  test("is stopped where somebody has scaled it, and runs again without another task spec", async () => {
    await using manager = await withService();
    for (const Replicas of [0, 3]) {
      manager.add({ ...manager.spec(NAME), Mode: { Replicated: { Replicas } } });
      const stopped = await found(manager);
      expect(stopped.state).toBe("stopped");
      await swarmHost(manager.docker).resume(stopped, app("1"));
      expect(manager.spec(NAME)).toMatchObject({ Mode: { Replicated: { Replicas: 1 } } });
      expect(running(manager)).toEqual(forced("1", 0));
    }
    manager.changes.length = 0;
    await swarmHost(manager.docker).resume(await found(manager), app("1"));
    expect(manager.changes).toEqual([]);
  });

  test("is another one where somebody has changed what its tasks are made from, not by a label", async () => {
    await using manager = await withService();
    const spec = manager.spec(NAME);
    manager.add({ ...spec, Labels: { ...spec.Labels, mine: "x" } });
    expect((await found(manager)).definition).toBe("1");
    manager.add({ ...spec, TaskTemplate: { ...Object(spec.TaskTemplate), RestartPolicy: {} } });
    expect((await found(manager)).definition).toBe("");
  });

  test("is the same where a newer engine tells of it otherwise", async () => {
    await using manager = await withService();
    const spec = manager.spec(NAME);
    manager.add({ ...spec, TaskTemplate: { ...Object(spec.TaskTemplate), Runtime: "container" } });
    manager.version = "29.0.0";
    expect((await found(manager)).definition).toBe("1");
  });

  test("is removed, whether it is there or not", async () => {
    await using manager = await withService();
    const host = swarmHost(manager.docker);
    await host.remove(`${NAME}-id`);
    await host.remove(`${NAME}-id`);
    expect(manager.changes).toEqual([`remove ${NAME}`]);
    manager.answers.set(`/services/${NAME}-id`, refused(500, "no leader"));
    await expect(host.remove(`${NAME}-id`)).rejects.toThrow("no leader");
  });

  test("that cannot be made is told with Docker's words", async () => {
    await using manager = await withService();
    await expect(swarmHost(manager.docker).run(app("1"))).rejects.toMatchObject({
      name: "EngineError",
      message: `service ${NAME} cannot be made: rpc error: name conflicts with an existing object`,
    });
  });
});

describe("a roll-out on a Swarm", () => {
  test("has Swarm run another task of the same service, and keeps what ran before", async () => {
    await using manager = await withService();
    await replace(manager, "2");
    expect(running(manager)).toEqual(forced("2", 1));
    expect(manager.changes.filter((each) => !each.startsWith("update"))).toEqual([]);
    const host = swarmHost(manager.docker);
    expect(await host.isKept(NAME)).toBe(true);
    expect(await host.findKept({ ...LABELS, other: "x" })).toMatchObject([
      { id: `${NAME}-id`, name: NAME, definition: "1", address: NAME, labels: LABELS },
    ]);
  });

  test("counts up though all is made from the same, so that its new task is told from the old", async () => {
    await using manager = await withService();
    await replace(manager, "1");
    await replace(manager, "1");
    expect(running(manager)).toEqual(forced("1", 2));
  });

  test("keeps the older one of two, as what ran in between was of a roll-out that was killed", async () => {
    await using manager = await withService();
    await replace(manager, "2");
    await replace(manager, "3");
    await replace(manager, "4", false);
    const host = swarmHost(manager.docker);
    expect((await host.findKept(LABELS)).map(({ definition }) => definition)).toEqual(["1"]);
    for (const kept of await host.findKept(LABELS)) await host.putBack(kept);
    expect(running(manager)).toEqual(forced("1", 4));
  });

  test("keeps nothing where nobody was served", async () => {
    await using manager = await withService();
    await replace(manager, "2", false);
    const host = swarmHost(manager.docker);
    expect([await host.isKept(NAME), await host.findKept(LABELS)]).toEqual([false, []]);
    expect(running(manager)).toEqual(forced("2", 1));
  });

  test("puts back what ran before, by another task, and keeps nothing then", async () => {
    await using manager = await withService();
    const before = manager.spec(NAME);
    await replace(manager, "2");
    const host = swarmHost(manager.docker);
    for (const kept of await host.findKept(LABELS)) await host.putBack(kept);
    const TaskTemplate = { ...Object(before.TaskTemplate), ForceUpdate: 2 };
    expect(manager.spec(NAME)).toEqual({ ...before, TaskTemplate });
    expect(await host.isKept(NAME)).toBe(false);
    expect((await found(manager)).definition).toBe("1");
  });

  test("leaves alone what has nothing to put back", async () => {
    await using manager = await withService();
    const kept = { ...(await found(manager)), name: NAME };
    await swarmHost(manager.docker).putBack(kept);
    expect(manager.changes).toEqual([]);
  });

  test("forgets what ran before without another task", async () => {
    await using manager = await withService();
    await replace(manager, "2");
    const { Labels, ...rest } = manager.spec(NAME);
    const host = swarmHost(manager.docker);
    for (const kept of await host.findKept(LABELS)) await host.forget(kept);
    const { "balancer.before": _, ...others } = Labels;
    expect(manager.spec(NAME)).toEqual({ ...rest, Labels: others });
    expect(await host.isKept(NAME)).toBe(false);
    expect((await found(manager)).definition).toBe("2");
  });

  test("takes what somebody wrote there for nothing that can be put back", async () => {
    await using manager = await withService();
    const spec = manager.spec(NAME);
    for (const text of ["", "{", "[]", '{"Labels":{}}', '{"Labels":{"a":1},"TaskTemplate":{}}']) {
      manager.add({ ...spec, Labels: { ...spec.Labels, "balancer.before": text } });
      expect(await swarmHost(manager.docker).isKept(NAME)).toBe(false);
    }
  });

  test("finds what is kept of the stack and of its own state alone", async () => {
    await using manager = await withService();
    await replace(manager, "2");
    const host = swarmHost(manager.docker);
    expect(await host.findKept(labelsOf("demo", "another", "app"))).toEqual([]);
    expect(await host.findKept(labelsOf("other", "state", "app"))).toEqual([]);
    // whatever it is asked for, app containers are what is kept
    expect(await host.findKept(labelsOf("demo", "state", "haproxy"))).toHaveLength(1);
  });

  test("makes a service where somebody has removed the one that was to be replaced", async () => {
    await using manager = await FakeManager.start();
    await swarmHost(manager.docker).replace(undefined, app("1"), true);
    expect(manager.changes[0]).toBe(`create ${NAME}`);
    expect(await swarmHost(manager.docker).isKept(NAME)).toBe(false);
  });
});

describe("an update of a service", () => {
  test("is tried anew from what is there by then, where Swarm itself comes in between", async () => {
    await using manager = await withService();
    manager.outOfSequence = 3;
    await replace(manager, "2");
    expect(running(manager)).toEqual(forced("2", 1));
  });

  test("ends with Swarm's words where it always does, and with any other words at once", async () => {
    await using manager = await withService();
    manager.outOfSequence = Number.POSITIVE_INFINITY;
    const refusal = "rpc error: code = Unknown desc = update out of sequence";
    const words = `service ${NAME} cannot be updated: ${refusal}`;
    await expect(replace(manager, "2")).rejects.toMatchObject({ name: "EngineError", message: words });
    manager.outOfSequence = 0;
    manager.answers.set(`/services/${NAME}-id/update`, refused(400, "bad spec"));
    manager.asked.length = 0;
    await expect(replace(manager, "2")).rejects.toThrow(`service ${NAME} cannot be updated: bad spec`);
    expect(manager.asked.filter((each) => each.endsWith("/update"))).toHaveLength(1);
    expect(running(manager)).toEqual(forced("1", 0));
  });

  test("is told where the service went away meanwhile", async () => {
    await using manager = await withService();
    const before = await found(manager);
    manager.services.clear();
    await expect(swarmHost(manager.docker).replace(before, app("2"), true)).rejects.toThrow(
      `service ${NAME} is gone; run the update again`,
    );
  });

  test("has the login of the image's registry go with it, and of no other", async () => {
    const auth = Buffer.from("ada:lovelace").toString("base64");
    using folder = new DockerFolder({ auths: { "r.test": { auth } } });
    vi.stubEnv("DOCKER_CONFIG", folder.path);
    const login = { serveraddress: "r.test", username: "ada", password: "lovelace" };
    await using manager = await withService();
    await replace(manager, "2");
    expect(manager.logins.filter((each) => each !== undefined)).toEqual([login, login]);
    manager.logins.length = 0;
    const other = app("3", { made: { Image: "o.test/app:3", HostConfig: {} } });
    await swarmHost(manager.docker).replace(await found(manager), other, true);
    // Swarm would keep the login of before where none comes.
    expect(manager.logins.filter((each) => each !== undefined)).toEqual([{}]);
    await swarmHost(manager.docker).run({ ...other, name: "demo-standin" });
    expect(manager.logins.filter((each) => JSON.stringify(each ?? {}) !== "{}")).toEqual([]);
  });

  test("leaves the login that a service has to whoever is not logged in to the same registry", async () => {
    using folder = new DockerFolder({});
    vi.stubEnv("DOCKER_CONFIG", folder.path);
    await using manager = await withService();
    manager.logins.length = 0;
    await replace(manager, "2");
    expect(manager.logins).toEqual([undefined, undefined]);
  });

  test("that goes back has the login of the registry of before", async () => {
    const auth = Buffer.from("ada:lovelace").toString("base64");
    using folder = new DockerFolder({ auths: { "r.test": { auth } } });
    vi.stubEnv("DOCKER_CONFIG", folder.path);
    const labels = { ...LABELS, "balancer.made-from": JSON.stringify({ "app.image": "r.test/app:1" }) };
    await using manager = await FakeManager.start();
    await swarmHost(manager.docker).run(app("1", { labels }));
    const other = app("2", { made: { Image: "o.test/app:2", HostConfig: {} } });
    await swarmHost(manager.docker).replace(await found(manager), other, true);
    manager.logins.length = 0;
    for (const kept of await swarmHost(manager.docker).findKept(LABELS))
      await swarmHost(manager.docker).putBack(kept);
    expect(manager.logins).toEqual([{ serveraddress: "r.test", username: "ada", password: "lovelace" }]);
  });
});
