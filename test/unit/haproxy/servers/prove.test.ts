import { describe, expect, test } from "vitest";
import { proveUp } from "../../../../src/haproxy/servers/prove.ts";
import type { Server } from "../../../../src/stack/topology.ts";
import { declare, slotsOf } from "./declared-servers.ts";
import { FakeHaproxy } from "./fake-haproxy.ts";

const NEVER = Number.POSITIVE_INFINITY;

const prove = ({ haproxy, clock, report }: FakeHaproxy, readyTimeoutMs = 2_000) =>
  proveUp({ haproxy, clock, readyTimeoutMs }, declare(3), report);

test("servers that are up are proved at the first look", async () => {
  await using fake = await FakeHaproxy.start({ running: declare(3) });
  await prove(fake);
  expect([fake.clock.now(), fake.connections]).toEqual([0, 1]);
});

test("one that HAProxy takes for up without a check is not proved yet", async () => {
  await using fake = await FakeHaproxy.start({ running: declare(3) });
  fake.worker.set("s2", { trustedUntilMs: NEVER, passesFromMs: 700 });
  await prove(fake);
  expect(fake.clock.now()).toBe(700);
});

test("a pass that was seen counts while a check is under way", async () => {
  await using fake = await FakeHaproxy.start({ running: declare(3), startsInMs: { s3: 300 } });
  fake.worker.set("s1", { trustedUntilMs: NEVER });
  fake.clock.at(100, () => fake.worker.set("s1", { passesFromMs: NEVER }));
  await prove(fake);
  expect(fake.clock.now()).toBe(400);
});

test("a pass counts no longer when the server went down", async () => {
  await using fake = await FakeHaproxy.start({ running: declare(3), startsInMs: { s3: 300 } });
  fake.clock.at(100, () => fake.worker.set("s1", { passesFromMs: NEVER, trustedUntilMs: 0 }));
  fake.clock.at(200, () => fake.worker.set("s1", { trustedUntilMs: NEVER }));
  await expect(prove(fake)).rejects.toThrow(/^not up within 2 s \(readyTimeout\): s1 /);
});

test.each([
  { what: "in maintenance", change: { adminBits: 1 }, words: "MAINT" },
  { what: "not checked", change: { checkBits: 2 }, words: "UP L7OK" },
])("one that is $what is not up", async ({ change, words }) => {
  await using fake = await FakeHaproxy.start({ running: declare(3) });
  fake.worker.set("s2", change);
  await expect(prove(fake)).rejects.toMatchObject({
    message: expect.stringContaining(`): ${words}`),
    containerNames: ["demo-podinfo2"],
  });
});

test("a container that it is no use to wait for ends the wait for all, and is told alone", async () => {
  await using fake = await FakeHaproxy.start({ running: declare(3), startsInMs: { s2: NEVER, s3: NEVER } });
  const looks: (readonly string[])[] = [];
  const findHopeless = async (names: readonly string[]) => {
    looks.push(names);
    return new Map(fake.clock.now() < 1_000 ? [] : [["demo-podinfo3", "its container has ended 3 times"]]);
  };
  const { haproxy, clock, report } = fake;
  const proof = proveUp({ haproxy, clock, readyTimeoutMs: 60_000, findHopeless }, declare(3), report);
  await expect(proof).rejects.toMatchObject({
    message: expect.stringMatching(
      /^not up, and not waited for: s3 \(.*\): DOWN .*; its container has ended 3 times$/,
    ),
    containerNames: ["demo-podinfo3"],
  });
  expect(clock.now()).toBe(1_000);
  expect(looks).toEqual(Array(3).fill(["demo-podinfo2", "demo-podinfo3"]));
});

test("all that are missing are told, and what is waited for now and again", async () => {
  await using fake = await FakeHaproxy.start({ running: declare(2), startsInMs: { s2: NEVER } });
  await expect(prove(fake, 7_000)).rejects.toMatchObject({
    message: expect.stringMatching(
      /^not up within 7 s \(readyTimeout\): s2 \(.*\): DOWN .*; s3 \(.*\): not in HAProxy$/,
    ),
    containerNames: ["demo-podinfo2", "demo-podinfo3"],
  });
  expect(fake.transcript).toEqual(
    [6, 1].map((s) => `… waits for s2: DOWN L7STS Layer7 wrong status; s3: not in HAProxy, ${s} s left`),
  );
});

test("the proof ends where HAProxy goes away", async () => {
  await using fake = await FakeHaproxy.start({ running: declare(3), startsInMs: { s3: NEVER } });
  fake.clock.at(500, () => void fake.kill());
  await expect(prove(fake)).rejects.toMatchObject({
    kind: expect.stringMatching(/^(broken|unreachable)$/),
  });
});

describe("a slot", () => {
  const SLOTS = slotsOf(2).slice(0, 2);
  const start = () => FakeHaproxy.start({ running: SLOTS });
  const RUNS = [
    ["demo-podinfo1", "10.1.0.1"],
    ["demo-podinfo2", "10.1.0.2"],
  ] as const;

  /** Proves slots up whose containers run at these addresses. */
  const proveAt = (
    { haproxy, clock, report }: FakeHaproxy,
    addresses: ReadonlyMap<string, string>,
    servers: readonly Server[] = SLOTS,
  ) => {
    const asked: (readonly string[])[] = [];
    const findAddresses = async (names: readonly string[]) => {
      asked.push(names);
      return addresses;
    };
    return proveUp({ haproxy, clock, readyTimeoutMs: 2_000, findAddresses }, servers, report).then(
      () => asked,
    );
  };

  test("is proved at the first look where its container runs and a check has passed there", async () => {
    await using fake = await start();
    expect(await proveAt(fake, new Map(RUNS))).toEqual([["demo-podinfo1", "demo-podinfo2"]]);
    expect(fake.clock.now()).toBe(0);
  });

  test("that passed its check at another address is not proved, however long it is up there", async () => {
    await using fake = await start();
    const proof = proveAt(fake, new Map([...RUNS, ["demo-podinfo2", "10.1.0.77"]]));
    await expect(proof).rejects.toMatchObject({
      message:
        "not up within 2 s (readyTimeout): s2 (demo-podinfo2, demo-podinfo2:9898): " +
        "UP L7OK Layer7 check passed; runs at 10.1.0.77, and HAProxy has it at 10.1.0.2",
      containerNames: ["demo-podinfo2"],
    });
    expect(fake.transcript).toEqual([
      "… waits for s2: UP L7OK Layer7 check passed; runs at 10.1.0.77, and HAProxy has it at 10.1.0.2, 1 s left",
    ]);
  });

  test("is proved by a check of after it has followed", async () => {
    await using fake = await start();
    fake.clock.at(300, () => fake.worker.set("s2", { address: "10.1.0.77", passesFromMs: 900 }));
    await proveAt(fake, new Map([...RUNS, ["demo-podinfo2", "10.1.0.77"]]));
    expect(fake.clock.now()).toBe(900);
  });

  test("has no pass left from the place before, while a check at the new one is under way", async () => {
    await using fake = await start();
    const moved = { address: "10.1.0.77", passesFromMs: NEVER, trustedUntilMs: NEVER };
    fake.clock.at(300, () => fake.worker.set("s2", moved));
    const proof = proveAt(fake, new Map([...RUNS, ["demo-podinfo2", "10.1.0.77"]]));
    await expect(proof).rejects.toThrow(/: s2 \(.*\): UP L7OK Layer7 check passed$/);
  });

  test("is not proved while nothing runs", async () => {
    await using fake = await start();
    const addresses = new Map<string, string>(RUNS.slice(0, 1));
    fake.clock.at(600, () => void addresses.set("demo-podinfo2", "10.1.0.2"));
    await proveAt(fake, addresses);
    expect(fake.clock.now()).toBe(600);
    await expect(proveAt(fake, new Map())).rejects.toThrow(
      /: s1 \(.*\): UP L7OK .*; nothing runs yet; s2 \(.*\): UP L7OK .*; nothing runs yet$/,
    );
  });

  test("is asked for alone, and not before HAProxy has all up", async () => {
    const [s1, s2] = declare(2);
    if (s1 === undefined || s2 === undefined) throw new Error("two servers are declared");
    const mixed = [s1, ...SLOTS.slice(1)];
    await using fake = await FakeHaproxy.start({ running: mixed, startsInMs: { s1: 400 } });
    expect(await proveAt(fake, new Map(RUNS), mixed)).toEqual([["demo-podinfo2"]]);
    expect(fake.clock.now()).toBe(500);
  });
});
