import { describe, expect, test } from "vitest";
import { UnreachableError } from "../../../src/docker/engine-error.ts";
import { connectMachine, connectSwarm, identifySwarm } from "../../../src/swarm/machines.ts";
import { FakeManager, refused } from "./fake-manager.ts";

/** Nobody listens there. */
const NOBODY = "tcp://127.0.0.1:1";

const machine = (name: string, engine: string, isDown = false) => ({
  ...{ name, engine, isDown, address: "10.0.0.1" },
});

/** An engine that is this machine of a Swarm. */
async function engineOf(NodeID: string): Promise<FakeManager> {
  const engine = await FakeManager.start();
  engine.info = { ID: `engine-${NodeID}`, Swarm: { NodeID, Cluster: { ID: "cluster" } } };
  return engine;
}

/** A manager that knows machines n1, n2 and n3, and is n1. */
async function start(): Promise<FakeManager> {
  const manager = await engineOf("n1");
  manager.nodes = ["n1", "n2", "n3"].map((ID) => ({ ID }));
  return manager;
}

test("a Swarm is connected to by a manager and the machines that are there, and no dead one", async () => {
  await using manager = await start();
  await using second = await engineOf("n2");
  const machines = [machine("a", manager.host), machine("b", second.host), machine("c", NOBODY, true)];
  const connected = await connectSwarm({ managers: [manager.host], machines });
  expect([...connected.machines.keys()]).toEqual(["a", "b"]);
  const infos = [connected.docker, ...connected.machines.values()].map((engine) => engine.info());
  expect((await Promise.all(infos)).map(({ ID }) => ID)).toEqual(["engine-n1", "engine-n1", "engine-n2"]);
});

describe("before anything is touched is told", () => {
  test("every machine that cannot be reached, and how an update goes on without it", async () => {
    await using manager = await start();
    const machines = [
      machine("a", NOBODY),
      machine("m-2", manager.host),
      machine("c.test", "tcp://127.0.0.1:2"),
    ];
    await expect(connectSwarm({ managers: [manager.host], machines })).rejects.toMatchObject({
      name: "EngineError",
      message:
        `the Docker engine of machine a at ${NOBODY} is not reachable (connect ECONNREFUSED 127.0.0.1:1); ` +
        "start it, or go on without the machine: npx pulumi config set --path machines.a.down true\n" +
        "the Docker engine of machine c.test at tcp://127.0.0.1:2 is not reachable " +
        "(connect ECONNREFUSED 127.0.0.1:2); start it, or go on without the machine: " +
        `npx pulumi config set --path 'machines["c.test"].down' true`,
    });
    expect(manager.asked.filter((each) => !each.startsWith("GET"))).toEqual([]);
  });

  test("a Swarm without a leader, and that alone", async () => {
    await using manager = await start();
    manager.answers.set("/nodes", refused(500, "The swarm does not have a leader."));
    const connecting = connectSwarm({ managers: [manager.host], machines: [machine("a", NOBODY)] });
    await expect(connecting).rejects.toThrow(
      /^the Swarm cannot be changed; .* has no leader \(The swarm does not have a leader\): .* must run$/,
    );
  });

  test("a machine of another Swarm, one of none, and one that is named twice", async () => {
    await using manager = await start();
    await using stranger = await engineOf("n9");
    await using alone = await engineOf("");
    await using second = await engineOf("n2");
    await using again = await engineOf("n2");
    const hosts = [manager, stranger, second, alone, again].map(({ host }) => host);
    const machines = hosts.map((host, index) => machine("abcde"[index] ?? "", host));
    await expect(connectSwarm({ managers: [manager.host], machines })).rejects.toMatchObject({
      name: "EngineError",
      message: [
        "machine b is not in the Swarm of the managers; join it",
        "machine d is not in the Swarm of the managers; join it",
        "machines c and e are the same machine",
      ].join("\n"),
    });
  });
});

test("a machine that does not answer is told from a fault: its resources stay as they are then", async () => {
  await expect(connectMachine({ name: "a", engine: NOBODY })).rejects.toBeInstanceOf(UnreachableError);
  await expect(connectMachine({ name: "a", engine: "http://a" })).rejects.not.toBeInstanceOf(
    UnreachableError,
  );
});

test("a Swarm is named by its own id, whichever manager tells it, and by no host", async () => {
  await using manager = await start();
  await using second = await engineOf("n2");
  const named = { id: "cluster", host: "" };
  expect(await Promise.all([manager, second].map(({ docker }) => identifySwarm(docker)))).toEqual([
    named,
    named,
  ]);
});
