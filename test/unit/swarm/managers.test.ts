import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UnreachableError } from "../../../src/docker/engine-error.ts";
import { connectSwarm } from "../../../src/swarm/machines.ts";
import { findManager } from "../../../src/swarm/managers.ts";
import { scriptedEngine } from "../docker/scripted-engine.ts";
import { FakeManager, refused } from "./fake-manager.ts";

/** Nobody listens there. */
const NOBODY = "tcp://127.0.0.1:1";
const NO_LEADER = "rpc error: code = Unknown desc = The swarm does not have a leader.";
const WORKER =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node.';

/** A manager that answers so when it is asked for its machines. */
async function refusing(status: number, words: string): Promise<FakeManager> {
  const manager = await FakeManager.start();
  manager.answers.set("/nodes", refused(status, words));
  return manager;
}

const hostsOf = (...managers: readonly FakeManager[]): string[] => managers.map(({ host }) => host);

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

test("one that has just answered is not asked again, and after a while it is", async () => {
  await using manager = await FakeManager.start();
  const hosts = hostsOf(manager);
  const found = await findManager(hosts);
  vi.advanceTimersByTime(4_999);
  expect(await findManager(hosts)).toBe(found);
  expect(manager.asked).toEqual(["GET /_ping", "GET /nodes"]);
  vi.advanceTimersByTime(1);
  manager.answers.set("/nodes", refused(500, NO_LEADER));
  await expect(findManager(hosts)).rejects.toThrow("has no leader");
});

test("another list of managers is another Swarm", async () => {
  await using first = await FakeManager.start();
  await using second = await FakeManager.start();
  await findManager(hostsOf(first));
  await findManager(hostsOf(second));
  expect(second.asked).toEqual(["GET /_ping", "GET /nodes"]);
});

test("where none can change anything, one line names each and says why", async () => {
  await using leaderless = await refusing(500, NO_LEADER);
  await using slow = await refusing(
    500,
    "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
  );
  await using worker = await refusing(503, WORKER);
  await using alone = await refusing(406, "This node is not part of a swarm");
  const managers = [NOBODY, ...hostsOf(leaderless, slow, worker, alone)];
  await expect(findManager(managers)).rejects.toMatchObject({
    name: "UnreachableError",
    message: [
      "the Swarm cannot be changed; what runs goes on: " +
        `the manager at ${NOBODY} is not reachable (connect ECONNREFUSED 127.0.0.1:1)`,
      `the manager at ${leaderless.host} has no leader ` +
        "(rpc error: code = Unknown desc = The swarm does not have a leader): most of the managers must run",
      `the manager at ${slow.host} has no leader ` +
        "(rpc error: code = DeadlineExceeded desc = context deadline exceeded): most of the managers must run",
      `the manager at ${worker.host} is no manager of a Swarm; name one in swarm.managers`,
      `the manager at ${alone.host} is no manager of a Swarm; name one in swarm.managers`,
    ].join("; "),
  });
});

test("without a list it is the engine that the docker command would talk to", async () => {
  await using worker = await refusing(503, WORKER);
  vi.stubEnv("DOCKER_HOST", worker.host);
  await expect(findManager([])).rejects.toThrow(
    "the Swarm cannot be changed; what runs goes on: " +
      "the Docker engine is no manager of a Swarm; name one in swarm.managers",
  );
  vi.stubEnv("DOCKER_HOST", NOBODY);
  await expect(findManager([])).rejects.toThrow(
    `what runs goes on: the Docker engine at ${NOBODY} is not reachable (connect ECONNREFUSED 127.0.0.1:1)`,
  );
});

const LEADING = { "/_ping": "OK", "/nodes": [] };
const LEADERLESS = { "/_ping": "OK" };

/** Where nothing answers. */
async function deadHost(): Promise<string> {
  await using engine = await scriptedEngine({});
  return engine.host;
}

describe("of several managers", () => {
  test("the first that has a leader is used, and is asked first from then on", async () => {
    await using leaderless = await scriptedEngine(LEADERLESS);
    await using leading = await scriptedEngine(LEADING);
    const managers = [await deadHost(), leaderless.host, leading.host];
    const manager = await findManager(managers);
    expect(await findManager(managers)).toBe(manager);
    expect(leading.asked).toEqual(["GET /_ping", "GET /nodes"]);
    const { length } = leaderless.asked;
    vi.advanceTimersByTime(60_000);
    expect(await findManager(managers)).toBe(manager);
    expect(leading.asked).toHaveLength(4);
    expect(leaderless.asked).toHaveLength(length);
  });

  test("none is told in one line, whatever machines do not answer", async () => {
    await using leaderless = await scriptedEngine(LEADERLESS);
    const dead = await deadHost();
    const machines = [{ name: "red", engine: dead, address: "10.0.0.1", isDown: false }];
    const connecting = connectSwarm({ managers: [dead, leaderless.host], machines });
    await expect(connecting).rejects.toThrow(UnreachableError);
    await expect(connecting).rejects.toThrow(
      new RegExp(
        `^the Swarm cannot be changed; what runs goes on: the manager at ${dead} is not reachable ` +
          `\\(connect ECONNREFUSED .*\\); the manager at ${leaderless.host} has no leader ` +
          "\\(no such thing: /nodes\\): most of the managers must run$",
      ),
    );
  });
});
