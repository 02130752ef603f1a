import { expect, test } from "vitest";
import { takeOut } from "../../../../src/haproxy/servers/take-out.ts";
import { declare } from "./declared-servers.ts";
import { FakeHaproxy } from "./fake-haproxy.ts";

const NEVER = Number.POSITIVE_INFINITY;

const leave = ({ haproxy, clock, report }: FakeHaproxy, name: string) =>
  takeOut({ haproxy, clock, name, drainTimeoutMs: 5_000, readyTimeoutMs: 2_000 }, report);

const LEFT = [
  "set server s1 state maint",
  "= roll-out: s1 out of rotation",
  "set server s1 state maint",
  "wait 50ms srv-removable s1",
  "del server s1",
  "del map virt@ready s1",
];

test("a server leaves where another one is in rotation", async () => {
  await using fake = await FakeHaproxy.start({ running: declare(2) });
  await leave(fake, "s1");
  expect(fake.transcript).toEqual(LEFT);
  expect(fake.names()).toEqual(["s2"]);
});

test("it waits until another one comes up", async () => {
  await using fake = await FakeHaproxy.start({ running: declare(2), startsInMs: { s2: 1_400 } });
  await leave(fake, "s1");
  expect(fake.transcript).toEqual(["… s1 waits for another server in rotation, 1 s left", ...LEFT]);
  expect(fake.clock.now()).toBe(1_500);
});

test.each([
  { what: "is down", startsInMs: { s2: NEVER }, adminBits: 0 },
  { what: "drains", startsInMs: {}, adminBits: 8 },
])("the last one in rotation does not leave while the other one $what", async ({ startsInMs, adminBits }) => {
  await using fake = await FakeHaproxy.start({ running: declare(2), startsInMs });
  fake.worker.set("s2", { adminBits });
  await expect(leave(fake, "s1")).rejects.toThrow(
    "s1 cannot be taken out of rotation: within 2 s (readyTimeout) no other server was up and in rotation",
  );
  expect(fake.transcript.filter((line) => !line.startsWith("…"))).toEqual([]);
});

test("the only one that is declared leaves where a stand-in is up", async () => {
  const standIn = { name: "standin", id: 1001, address: "172.28.10.239", port: 9898, containerName: "" };
  await using fake = await FakeHaproxy.start({ running: [...declare(1), standIn] });
  await leave(fake, "s1");
  expect(fake.transcript).toEqual(LEFT);
});

test("the only one that is up does not leave without one", async () => {
  await using fake = await FakeHaproxy.start({ running: declare(1) });
  await expect(leave(fake, "s1")).rejects.toThrow("s1 cannot be taken out of rotation");
});

test("one leaves where none is in rotation", async () => {
  await using fake = await FakeHaproxy.start({ running: declare(2), startsInMs: { s1: NEVER, s2: NEVER } });
  await leave(fake, "s1");
  expect(fake.transcript).toEqual(LEFT);
});

test("one that HAProxy does not have is out already", async () => {
  await using fake = await FakeHaproxy.start({ running: declare(3).slice(1) });
  await leave(fake, "s1");
  expect(fake.transcript).toEqual(LEFT);
  expect(fake.names()).toEqual(["s2", "s3"]);
});

test("of two that leave at the same time, neither counts on the other", async () => {
  await using fake = await FakeHaproxy.start({ running: declare(3), startsInMs: { s3: NEVER } });
  const [first, second] = await Promise.allSettled([leave(fake, "s1"), leave(fake, "s2")]);
  expect(first.status).toBe("fulfilled");
  expect(second).toMatchObject({
    status: "rejected",
    reason: { message: expect.stringMatching(/^s2 cannot be taken out of rotation/) },
  });
  expect(fake.names()).toEqual(["s2", "s3"]);
});

test("its sessions get their time first", async () => {
  await using fake = await FakeHaproxy.start({ running: declare(2) });
  fake.worker.set("s1", { sessions: 1 });
  fake.clock.at(2_000, () => fake.worker.set("s1", { sessions: 0 }));
  await leave(fake, "s1");
  expect(fake.transcript).toContain("… s1: 1 session left; closed in 4 s");
  expect(fake.names()).toEqual(["s2"]);
});
