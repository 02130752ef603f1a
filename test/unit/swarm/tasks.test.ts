import { describe, expect, test } from "vitest";
import type { FoundService, FoundTask } from "../../../src/swarm/swarm-replies.ts";
import { inspectService, listTasks } from "../../../src/swarm/swarm-replies.ts";
import { addressOn, findAddresses, findCurrentTasks, isCurrent } from "../../../src/swarm/tasks.ts";
import { FakeManager } from "./fake-manager.ts";

/** A service that has been updated so often. */
const service = (Name: string, ForceUpdate = 0) => ({
  Name,
  TaskTemplate: { ForceUpdate, Networks: [{ Target: "own" }, { Target: "db" }] },
  Mode: { Replicated: { Replicas: 1 } },
});

/** The service and its one task, as they are read. */
async function readOne(
  forced: number,
  task: Parameters<FakeManager["run"]>[1],
): Promise<{ readonly service: FoundService; readonly task: FoundTask }> {
  await using manager = await FakeManager.start();
  manager.add(service("x", forced));
  manager.run("x", task);
  const found = await inspectService(manager.docker, "x");
  const [own] = found === undefined ? [] : await listTasks(manager.docker, [found]);
  if (found === undefined || own === undefined) throw new Error("there is a service with a task");
  return { service: found, task: own };
}

describe("a task", () => {
  test.each([
    { what: "runs what its service shall run", forced: 3, task: { forced: 3 }, current: true },
    {
      what: "still runs what its service ran before the update",
      forced: 3,
      task: { forced: 2 },
      current: false,
    },
    { what: "runs what its service was put back from", forced: 4, task: { forced: 5 }, current: false },
    { what: "is on its way out", forced: 0, task: { desired: "shutdown" }, current: false },
    { what: "starts", forced: 0, task: { state: "starting" }, current: false },
    { what: "has ended", forced: 0, task: { state: "failed" }, current: false },
    { what: "waits for its turn", forced: 0, task: { desired: "ready", state: "ready" }, current: false },
  ])("that $what is what serves: $current", async ({ forced, task, current }) => {
    const read = await readOne(forced, task);
    expect(isCurrent(read.service, read.task)).toBe(current);
  });

  test("has its address on each network without the prefix, and none where it is not", async () => {
    const { task } = await readOne(0, { addresses: { own: "172.28.10.130/24", db: "10.0.5.9/24" } });
    expect(["own", "db", "x", ""].map((id) => addressOn(task, id))).toEqual([
      ...["172.28.10.130", "10.0.5.9", undefined, undefined],
    ]);
  });

  test("may have no address yet", async () => {
    const { task } = await readOne(0, {});
    expect(addressOn(task, "own")).toBeUndefined();
  });
});

describe("the addresses of services", () => {
  const at = (address: string) => ({ addresses: { db: "10.0.5.9/24", own: `${address}/24` } });

  test("are those of the tasks of the last update, on the stack's network", async () => {
    await using manager = await FakeManager.start();
    manager.add(service("web-podinfo1", 2));
    manager.add(service("web-podinfo2"));
    manager.run("web-podinfo1", { ...at("172.28.10.130"), forced: 1, at: "3" });
    manager.run("web-podinfo1", { ...at("172.28.10.140"), forced: 2, at: "2" });
    manager.run("web-podinfo2", { ...at("172.28.10.150"), state: "preparing" });
    const names = ["web-podinfo1", "web-podinfo2"];
    expect(await findAddresses(manager.docker, names)).toEqual(new Map([["web-podinfo1", "172.28.10.140"]]));
    manager.forgetTasks();
    expect(await findAddresses(manager.docker, names)).toEqual(new Map());
  });

  test("are those of the newest task, where a machine that was cut off runs the one before", async () => {
    await using manager = await FakeManager.start();
    manager.add(service("web-podinfo1"));
    manager.run("web-podinfo1", { ...at("172.28.10.130"), at: "1" });
    manager.run("web-podinfo1", { ...at("172.28.10.131"), at: "3" });
    manager.run("web-podinfo1", { ...at("172.28.10.132"), at: "2" });
    expect([...(await findAddresses(manager.docker, ["web-podinfo1"]))]).toEqual([
      ["web-podinfo1", "172.28.10.131"],
    ]);
  });

  test("are not those of services whose names begin so, and of one that is gone there is none", async () => {
    await using manager = await FakeManager.start();
    manager.add(service("web-podinfo1"));
    manager.add(service("web-podinfo10"));
    manager.run("web-podinfo1", at("172.28.10.130"));
    manager.run("web-podinfo10", at("172.28.10.131"));
    const found = await findCurrentTasks(manager.docker, ["web-podinfo1", "web-podinfo2"]);
    expect([...found].map(([name, { task }]) => [name, task.ID])).toEqual([
      ["web-podinfo1", "web-podinfo1-task1"],
    ]);
  });

  test("are asked of nobody where nothing is declared", async () => {
    await using manager = await FakeManager.start();
    expect(await findAddresses(manager.docker, [])).toEqual(new Map());
    expect(await findAddresses(manager.docker, ["gone"])).toEqual(new Map());
    expect(manager.asked).toEqual(["GET /services"]);
  });
});
