import { describe, expect, test } from "vitest";
import { lastLinesOf, watchTaskEnds, whyNoTaskRuns } from "../../../src/swarm/task-ends.ts";
import { FakeManager, printed } from "./fake-manager.ts";

const service = (Name: string, ForceUpdate = 0, Replicas = 1) => ({
  ...{ Name, TaskTemplate: { ForceUpdate }, Mode: { Replicated: { Replicas } } },
});

const FAILED = { desired: "shutdown", state: "failed", error: "task: non-zero exit (3)", exitCode: 3 };

describe("a service that is waited for", () => {
  type Tasks = readonly Parameters<FakeManager["run"]>[1][];

  /** What is told at each look, each with more tasks than the one before. */
  async function told(forced: number, ...looks: readonly Tasks[]): Promise<(string | undefined)[]> {
    await using manager = await FakeManager.start();
    manager.add(service("x", forced));
    const look = watchTaskEnds(manager.docker);
    const words: (string | undefined)[] = [];
    let count = 0;
    for (const tasks of looks) {
      for (const task of tasks) manager.run("x", { at: String(count++), forced, ...task });
      words.push((await look(["x", "gone"])).get("x"));
    }
    return words;
  }

  test("is hopeless when three of its tasks have ended", async () => {
    expect(await told(0, [], [FAILED, FAILED], [{ state: "starting" }], [FAILED])).toEqual([
      ...[undefined, undefined, undefined],
      "its container has ended 3 times, task: non-zero exit (3)",
    ]);
  });

  test("is not for what had ended before it was waited for", async () => {
    expect(await told(0, [FAILED, FAILED, FAILED], [FAILED, FAILED])).toEqual([undefined, undefined]);
  });

  test("is not for the tasks of what it ran before", async () => {
    const before = { ...FAILED, forced: 1 };
    expect(await told(2, [], [before, before, before, FAILED, FAILED])).toEqual([undefined, undefined]);
  });

  test("is not for tasks that an update has shut down", async () => {
    const down = { desired: "shutdown", state: "shutdown" };
    expect(await told(0, [], [down, down, down])).toEqual([undefined, undefined]);
  });

  test.each([
    ["its exit code where Swarm says no more", { state: "complete" }, "with exit code 0"],
    [
      "Swarm's words where none could start",
      { state: "rejected", error: "No such image: a:1" },
      "No such image: a:1",
    ],
  ])("tells %s", async (_what, task, words) => {
    expect(await told(0, [], [task, task, task])).toEqual([
      undefined,
      `its container has ended 3 times, ${words}`,
    ]);
  });

  test("tells how the last one ended", async () => {
    const last = { ...FAILED, error: "task: non-zero exit (7)" };
    expect((await told(0, [], [FAILED, FAILED, FAILED, last])).at(-1)).toBe(
      "its container has ended 4 times, task: non-zero exit (7)",
    );
  });

  test("is not for the tasks of another one", async () => {
    await using manager = await FakeManager.start();
    for (const name of ["x", "y"]) manager.add(service(name));
    const look = watchTaskEnds(manager.docker);
    await look(["x", "y"]);
    for (const at of ["1", "2"]) manager.run("x", { ...FAILED, at });
    for (const at of ["1", "2", "3"]) manager.run("y", { ...FAILED, at });
    expect([...(await look(["x", "y"])).keys()]).toEqual(["y"]);
  });

  test("is looked at with all others by two questions", async () => {
    await using manager = await FakeManager.start();
    for (const name of ["x", "y", "yy"]) manager.add(service(name));
    for (const name of ["x", "y"]) manager.run(name);
    const look = watchTaskEnds(manager.docker);
    expect(await look(["x", "y", "gone"])).toEqual(new Map());
    expect(manager.asked).toEqual(["GET /services", "GET /tasks"]);
  });
});

describe("why a service does not do its work", () => {
  const why = async (
    { forced = 0, replicas = 1, log = printed() }: { forced?: number; replicas?: number; log?: Buffer },
    ...tasks: readonly Parameters<FakeManager["run"]>[1][]
  ) => {
    await using manager = await FakeManager.start();
    manager.log = log;
    manager.add(service("x", forced, replicas));
    for (const [at, task] of tasks.entries()) manager.run("x", { at: String(at), forced, ...task });
    return {
      now: await whyNoTaskRuns(manager.docker, "x"),
      ending: await whyNoTaskRuns(manager.docker, "x", { keepsEnding: true }),
    };
  };

  test("is not asked of one that is gone", async () => {
    await using manager = await FakeManager.start();
    expect(await whyNoTaskRuns(manager.docker, "x")).toBeUndefined();
  });

  test("is told of nobody whose task runs, unless it is known that it keeps ending", async () => {
    expect(await why({ log: printed("no database\n") }, FAILED, {})).toEqual({
      now: undefined,
      ending: "service x keeps ending: task: non-zero exit (3); it printed last: no database",
    });
  });

  test("is that somebody has scaled it to 0", async () => {
    expect((await why({ replicas: 0 }, { desired: "shutdown", state: "shutdown" })).now).toBe(
      "service x is scaled to 0",
    );
  });

  test("is that Swarm finds no machine for it, in Swarm's words", async () => {
    const error = "no suitable node (unsupported platform on 3 nodes)";
    expect((await why({}, { state: "pending", error })).now).toBe(`service x is pending: ${error}`);
  });

  test("is how far it is, or that nothing is known", async () => {
    expect((await why({}, { state: "preparing" })).now).toBe("service x is preparing");
    expect((await why({ forced: 1 })).now).toBe("service x has no task");
  });

  test("is how its last task ended, and what that printed", async () => {
    const earlier = { ...FAILED, error: "task: non-zero exit (1)" };
    const log = printed("\u001b[31mone\u001b[0m\n", "two\n  \n", "three\nfour\nfive\nsix");
    expect((await why({ log }, earlier, FAILED, { desired: "ready", state: "ready" })).now).toBe(
      "service x keeps ending: task: non-zero exit (3); it printed last: two; three; four; five; six",
    );
  });

  test("is known of one that keeps ending, though Swarm has forgotten how its tasks ended", async () => {
    expect((await why({ log: printed("no database\n") }, {})).ending).toBe(
      "service x keeps ending; it printed last: no database",
    );
  });

  test("is told for one that ends without a fault as well", async () => {
    expect((await why({}, { desired: "shutdown", state: "complete" }, { state: "starting" })).now).toBe(
      "service x keeps ending; it printed last: nothing",
    );
  });
});

test("a service that is gone has printed nothing", async () => {
  await using manager = await FakeManager.start();
  expect(await lastLinesOf(manager.docker, "x")).toBe("nothing");
});
