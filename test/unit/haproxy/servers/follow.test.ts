import { describe, expect, test } from "vitest";
import { followAddresses } from "../../../../src/haproxy/servers/follow.ts";
import { slotsOf } from "./declared-servers.ts";
import { FakeHaproxy } from "./fake-haproxy.ts";

const SLOTS = slotsOf(2).slice(0, 2);
const [OLD, NEW, OTHER] = ["10.1.0.1", "10.1.0.77", "10.1.0.2"];
const NEVER = Number.POSITIVE_INFINITY;

/** Where containers run, by name; what was asked for is kept. */
class Containers {
  readonly asked: (readonly string[])[] = [];
  readonly at = new Map([
    ["demo-podinfo1", OLD],
    ["demo-podinfo2", OTHER],
  ]);
  readonly find = async (names: readonly string[]) => {
    this.asked.push(names);
    return new Map([...this.at].filter(([name]) => names.includes(name)));
  };
}

/** A HAProxy that has both slots in maintenance, at the addresses of containers that run. */
async function start() {
  const fake = await FakeHaproxy.start({ running: SLOTS });
  for (const { name } of SLOTS) fake.worker.set(name, { adminBits: 5 });
  return fake;
}

const follow = (
  { haproxy, clock, report }: FakeHaproxy,
  { find: findAddresses }: Containers,
  more: Partial<Parameters<typeof followAddresses>[0]> = {},
) => followAddresses({ haproxy, clock, readyTimeoutMs: 2_000, findAddresses, ...more }, SLOTS, report);

test("slots that have the addresses of their containers are there at the first look", async () => {
  await using fake = await start();
  const containers = new Containers();
  await follow(fake, containers);
  expect([fake.clock.now(), fake.transcript]).toEqual([0, []]);
  expect(containers.asked).toEqual([["demo-podinfo1", "demo-podinfo2"]]);
});

test("a slot is waited for while it has the address of the container before", async () => {
  await using fake = await start();
  const containers = new Containers();
  containers.at.set("demo-podinfo1", NEW);
  fake.clock.at(700, () => fake.worker.set("s1", { address: NEW }));
  await follow(fake, containers);
  expect(fake.clock.now()).toBe(700);
});

test("a container that runs where HAProxy has the slot of another one is no reason to go on", async () => {
  await using fake = await start();
  const containers = new Containers();
  containers.at.set("demo-podinfo1", OTHER);
  containers.at.set("demo-podinfo2", OLD);
  fake.clock.at(300, () => fake.worker.set("s1", { address: OTHER }));
  fake.clock.at(800, () => fake.worker.set("s2", { address: OLD }));
  await follow(fake, containers);
  expect(fake.clock.now()).toBe(800);
});

test.each([
  { what: "the old address for long", bits: 5, address: OLD },
  { what: "none", bits: 37, address: "-" },
  { what: "none, in HAProxy's other words", bits: 37, address: "0.0.0.0" },
])("a slot is waited for while nothing runs, where HAProxy has $what", async ({ bits, address }) => {
  await using fake = await start();
  const containers = new Containers();
  containers.at.delete("demo-podinfo1");
  fake.worker.set("s1", { address, adminBits: bits });
  fake.clock.at(400, () => void containers.at.set("demo-podinfo1", NEW));
  fake.clock.at(1_000, () => fake.worker.set("s1", { address: NEW, adminBits: 5 }));
  await follow(fake, containers);
  expect(fake.clock.now()).toBe(1_000);
});

test("where nobody tells where containers run there is nothing to follow", async () => {
  await using fake = await start();
  await follow(fake, new Containers(), { findAddresses: undefined });
  expect(fake.connections).toBe(0);
});

describe("a slot that does not follow", () => {
  test("is told with where it is and where it shall be, and the others are not", async () => {
    await using fake = await start();
    const containers = new Containers();
    containers.at.set("demo-podinfo1", NEW);
    await expect(follow(fake, containers)).rejects.toMatchObject({
      message:
        "not up within 2 s (readyTimeout): s1 (demo-podinfo1, demo-podinfo1:9898): " +
        "runs at 10.1.0.77, and HAProxy has it at 10.1.0.1",
      containerNames: ["demo-podinfo1"],
    });
    expect(fake.transcript).toEqual([
      "… waits for s1: runs at 10.1.0.77, and HAProxy has it at 10.1.0.1, 1 s left",
    ]);
  });

  test("is told as one that does not run, or of which HAProxy does not know", async () => {
    await using fake = await start();
    const containers = new Containers();
    containers.at.delete("demo-podinfo1");
    fake.worker.set("s2", { address: "-", adminBits: 37 });
    await expect(follow(fake, containers, { readyTimeoutMs: 7_000 })).rejects.toMatchObject({
      message:
        "not up within 7 s (readyTimeout): s1 (demo-podinfo1, demo-podinfo1:9898): nothing runs yet; " +
        "s2 (demo-podinfo2, demo-podinfo2:9898): runs at 10.1.0.2, of which HAProxy does not know yet",
      containerNames: ["demo-podinfo1", "demo-podinfo2"],
    });
    const words = "s1: nothing runs yet; s2: runs at 10.1.0.2, of which HAProxy does not know yet";
    expect(fake.transcript).toEqual([6, 1].map((s) => `… waits for ${words}, ${s} s left`));
  });

  test("is one that HAProxy has not at all", async () => {
    await using fake = await start();
    fake.worker.servers.delete("s2");
    await expect(follow(fake, new Containers())).rejects.toThrow(
      /: s2 \(.*\): runs at 10\.1\.0\.2, of which HAProxy does not know yet$/,
    );
  });

  test("ends the wait for all where it is no use to wait, and is told alone", async () => {
    await using fake = await start();
    const containers = new Containers();
    containers.at.clear();
    const looks: (readonly string[])[] = [];
    const findHopeless = async (names: readonly string[]) => {
      looks.push(names);
      return new Map(fake.clock.now() < 1_000 ? [] : [["demo-podinfo2", "its container has ended 3 times"]]);
    };
    await expect(follow(fake, containers, { findHopeless, readyTimeoutMs: NEVER })).rejects.toMatchObject({
      message:
        "not up, and not waited for: s2 (demo-podinfo2, demo-podinfo2:9898): nothing runs yet; " +
        "its container has ended 3 times",
      containerNames: ["demo-podinfo2"],
    });
    expect(fake.clock.now()).toBe(1_000);
    expect(looks).toEqual(Array(3).fill(["demo-podinfo1", "demo-podinfo2"]));
  });

  test("ends the wait where HAProxy goes away", async () => {
    await using fake = await start();
    const containers = new Containers();
    containers.at.clear();
    fake.clock.at(500, () => void fake.kill());
    await expect(follow(fake, containers)).rejects.toMatchObject({
      kind: expect.stringMatching(/^(broken|unreachable)$/),
    });
  });
});
