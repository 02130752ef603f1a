import { expect, test } from "vitest";
import { bringUp, sync } from "../../../../src/haproxy/servers/sync.ts";
import { checkOf, slotsOf } from "./declared-servers.ts";
import { FakeHaproxy } from "./fake-haproxy.ts";

const TIMES = { drainTimeoutMs: 10_000, readyTimeoutMs: 2_000 };
const SLOTS = slotsOf(3);
const CHECK = "check inter 500ms fastinter 200ms downinter 100ms fall 2 rise 1";
/** As a slot begins that the file has disabled. */
const EMPTY = { adminBits: 1 | 4 | 32, address: "-" };

/** Where containers run. */
const places = (...numbers: readonly number[]) =>
  new Map(numbers.map((n) => [`demo-podinfo${n}`, `10.1.0.${n}`]));

const syncTo = (
  { haproxy, clock, stateFile, report }: FakeHaproxy,
  count: number,
  { addresses = places(1, 2, 3), revision = "r1", path = "/readyz" } = {},
) => {
  const servers = SLOTS.slice(0, count);
  const declared = { servers, revision, check: checkOf(path), findAddresses: async () => addresses };
  return sync({ haproxy, clock, stateFile, ...declared, ...TIMES }, report);
};

/** Starts with the first slots in rotation, and the others out of it. */
async function start(count: number, options: Partial<Parameters<typeof FakeHaproxy.start>[0]> = {}) {
  const fake = await FakeHaproxy.start({ running: SLOTS, ...options });
  for (const { name } of SLOTS.slice(count)) fake.worker.set(name, EMPTY);
  return fake;
}

test("a count within the slots needs neither a reload nor a server that is added", async () => {
  await using fake = await start(1);
  const addresses = places(1);
  fake.clock.at(500, () => void addresses.set("demo-podinfo2", "10.1.0.2"));
  fake.clock.at(900, () => fake.worker.set("s2", { address: "10.1.0.2", adminBits: 5 }));
  let wasFollowed: number | undefined;
  fake.before(/^set server webservers\/s2 state ready/, () => {
    wasFollowed = fake.clock.now();
  });
  const { servers } = await syncTo(fake, 2, { addresses });
  expect(fake.transcript).toEqual([
    "= runtime: ~ s2",
    "set server s2 state ready",
    "set server s2 health down",
  ]);
  expect([wasFollowed, fake.clock.now()]).toEqual([900, 1_000]);
  expect(servers.map(({ name, adminState, isUp }) => [name, adminState, isUp])).toEqual([
    ["s1", "ready", true],
    ["s2", "ready", true],
    ["s3", "maint", false],
    ["standin", "maint", false],
  ]);
  fake.transcript.length = 0;
  await syncTo(fake, 2, { addresses });
  expect(fake.transcript).toEqual([]);
});

test("a slot whose container does not run comes into no rotation, and takes nobody out", async () => {
  await using fake = await start(2);
  fake.worker.set("s2", { adminBits: 1 });
  await expect(syncTo(fake, 2, { addresses: places(1) })).rejects.toThrow(/: s2 \(.*\): nothing runs yet$/);
  expect(fake.transcript.filter((line) => !line.startsWith("…"))).toEqual(["= runtime: ~ s2"]);
  expect(fake.server("s2")?.adminBits).toBe(1);
});

test("a slot leaves when the others are proved", async () => {
  await using fake = await start(3);
  await syncTo(fake, 1);
  expect(fake.transcript).toEqual([
    "= runtime: - s2 s3",
    "set server s2 state maint",
    "set server s3 state maint",
  ]);
  fake.transcript.length = 0;
  await syncTo(fake, 1);
  expect(fake.transcript).toEqual([]);
});

test("a port is set at the address that Docker has given, and else by the file alone", async () => {
  await using fake = await start(3);
  fake.worker.set("s1", { port: 80, address: "10.1.0.77" });
  fake.worker.set("s2", { port: 80, address: "-", adminBits: 32 });
  const addresses = new Map([...places(2, 3), ["demo-podinfo1", "10.1.0.77"]]);
  fake.clock.at(500, () => fake.worker.set("s2", { address: "10.1.0.2", adminBits: 0 }));
  await syncTo(fake, 3, { addresses });
  expect(fake.transcript).toEqual(["= runtime: ~ s1 s2", "set server s1 addr 10.1.0.77 port 9898"]);
});

test("a reload puts more slots into the file, which the worker before cannot add", async () => {
  const file = { revision: "r2", servers: SLOTS.slice(0, 3) };
  await using fake = await FakeHaproxy.start({ running: SLOTS.slice(0, 1), file });
  await syncTo(fake, 3, { revision: "r2" });
  expect(fake.transcript).toEqual([
    "= runtime: + s2 s3",
    ...["state: s1 up", "@master reload", "state: removed"],
    "= reload: config r1 → r2",
  ]);
});

test("another check is tried where slots are by now, on servers that follow no name", async () => {
  const file = { revision: "r2", check: checkOf("/ready"), servers: SLOTS };
  await using fake = await start(2, { file });
  fake.worker.set("s2", { address: "10.1.0.77" });
  const addresses = new Map([...places(1, 2), ["demo-podinfo2", "10.1.0.77"]]);
  fake.before(/^@master reload/, () => addresses.set("demo-podinfo2", "10.1.0.2"));
  await syncTo(fake, 2, { addresses, revision: "r2", path: "/ready" });
  expect(fake.transcript.filter((line) => line.startsWith("add server"))).toEqual([
    `add server try-s1 10.1.0.1:9898 id 2001 backup weight 0 ${CHECK} init-state down`,
    `add server try-s2 10.1.0.77:9898 id 2002 backup weight 0 ${CHECK} init-state down`,
  ]);
  expect(fake.transcript).toContain("= app.readyPath /ready tried: s1 s2 pass");
  expect(fake.names()).toEqual(["s1", "s2", "s3", "standin"]);
});

test("the stand-in's slot comes into rotation by itself, and the others are not looked at", async () => {
  await using fake = await start(2);
  fake.worker.set("s2", { weight: 3 });
  fake.worker.set("standin", { address: "10.1.0.99", adminBits: 5 });
  const { haproxy, clock, report } = fake;
  const findAddresses = async () => new Map([["demo-standin", "10.1.0.99"]]);
  await bringUp({ haproxy, clock, servers: SLOTS.slice(-1), findAddresses, ...TIMES }, report);
  expect(fake.transcript).toEqual([
    "= runtime: ~ standin",
    "set server standin state ready",
    "set server standin health down",
  ]);
});
