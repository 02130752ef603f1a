import { describe, expect, test } from "vitest";
import { reload as reloadHaproxy } from "../../../../src/haproxy/runtime/reload.ts";
import { retireServers } from "../../../../src/haproxy/servers/retire.ts";
import { declare, slotsOf } from "./declared-servers.ts";
import { FakeHaproxy } from "./fake-haproxy.ts";

const start = () => FakeHaproxy.start({ running: declare(3) });
const retire = (fake: FakeHaproxy, ...names: string[]) => retireWithin(10_000, fake, ...names);
const retireWithin = (drainTimeoutMs: number, fake: FakeHaproxy, ...names: string[]) =>
  retireServers({ haproxy: fake.haproxy, clock: fake.clock, drainTimeoutMs }, names, fake.report);

const deleting = (name: string): string[] => [
  `wait 50ms srv-removable ${name}`,
  `del server ${name}`,
  `del map virt@ready ${name}`,
];

describe("a server that leaves", () => {
  test("is deleted at once where it has no session", async () => {
    await using fake = await start();
    await retire(fake, "s2", "s3");
    expect(fake.transcript).toEqual([
      "set server s2 state maint",
      "set server s3 state maint",
      ...deleting("s2"),
      ...deleting("s3"),
    ]);
    expect(fake.names()).toEqual(["s1"]);
    expect(fake.clock.now()).toBe(0);
  });

  test("is deleted when its last session has ended, and tells what it waits for", async () => {
    await using fake = await start();
    fake.worker.set("s2", { sessions: 2 });
    fake.clock.at(3_000, () => fake.worker.set("s2", { sessions: 1 }));
    fake.clock.at(7_000, () => fake.worker.set("s2", { sessions: 0 }));
    await retire(fake, "s2", "s3");
    expect(fake.transcript).toEqual([
      "set server s2 state maint",
      "set server s3 state maint",
      ...deleting("s3"),
      "… s2: 2 sessions left; closed in 9 s",
      "… s2: 1 session left; closed in 4 s",
      ...deleting("s2"),
    ]);
    expect(fake.names()).toEqual(["s1"]);
  });

  test("is closed where its sessions do not end", async () => {
    await using fake = await start();
    fake.worker.set("s2", { sessions: 3 });
    await retire(fake, "s2");
    expect(fake.transcript).toEqual([
      "set server s2 state maint",
      "… s2: 3 sessions left; closed in 9 s",
      "… s2: 3 sessions left; closed in 4 s",
      "shutdown sessions server s2",
      "= s2: 3 sessions closed after 10 s",
      ...deleting("s2"),
    ]);
    expect(fake.clock.now()).toBe(10_000);
  });

  test("stays in maintenance where a session cannot be closed", async () => {
    await using fake = await start();
    fake.worker.set("s2", { sessions: Number.POSITIVE_INFINITY });
    await retire(fake, "s2");
    expect(fake.transcript.slice(-2)).toEqual([
      "= s2: 1 session closed after 10 s",
      "= s2: 1 session not closed by HAProxy, end with the container; the next update deletes s2",
    ]);
    expect(fake.server("s2")?.adminBits).toBe(1);
    expect(fake.clock.now()).toBe(13_000);
  });

  test("waits on where a session came in between", async () => {
    await using fake = await start();
    fake.before(/^wait .* webservers\/s2/, () => fake.worker.set("s2", { sessions: 1 }));
    fake.clock.at(400, () => fake.worker.set("s2", { sessions: 0 }));
    await retire(fake, "s2");
    expect(fake.transcript).toEqual(["set server s2 state maint", ...deleting("s2"), ...deleting("s2")]);
    expect(fake.names()).toEqual(["s1", "s3"]);
  });

  test("is told as busy where a session comes and goes whenever it is to be deleted", async () => {
    await using fake = await start();
    fake.refuse(/^del server/, "Server still has connections attached to it, cannot remove it.");
    await retireWithin(0, fake, "s2");
    expect(fake.transcript).toEqual([
      "set server s2 state maint",
      ...deleting("s2"),
      "shutdown sessions server s2",
      "= s2: 1 session closed after 0 s",
      ...deleting("s2"),
    ]);
  });

  test.each([/^set server webservers\/s2/, /^wait .* webservers\/s2/, /^del server webservers\/s2/])(
    "is gone where somebody deleted it before %s",
    async (command) => {
      await using fake = await start();
      fake.before(command, () => fake.worker.servers.delete("s2"));
      await retire(fake, "s2");
      expect(fake.transcript).toEqual(["set server s2 state maint", ...deleting("s2")]);
    },
  );

  test("ends with HAProxy's words where it refuses to delete", async () => {
    await using fake = await start();
    fake.before(/^del server/, () => fake.worker.set("s2", { adminBits: 0 }));
    await expect(retire(fake, "s2")).rejects.toThrow(
      /refused "del server webservers\/s2": Only servers in maintenance mode can be deleted\.$/,
    );
  });

  test("ends where HAProxy goes away while it drains", async () => {
    await using fake = await start();
    fake.worker.set("s2", { sessions: 1 });
    fake.clock.at(5_000, () => void fake.kill());
    await expect(retire(fake, "s2")).rejects.toMatchObject({
      kind: expect.stringMatching(/^(broken|unreachable)$/),
    });
    expect(fake.transcript).not.toContain("del server s2");
  });
});

describe("a slot that leaves", () => {
  const SLOTS = slotsOf(3);
  const startSlots = () => FakeHaproxy.start({ running: SLOTS });

  test("stays in maintenance, where it is in the file for good, and nothing asks to delete it", async () => {
    await using fake = await startSlots();
    await retire(fake, "s2", "s3");
    expect(fake.transcript).toEqual(["set server s2 state maint", "set server s3 state maint"]);
    expect(fake.names()).toEqual(["s1", "s2", "s3", "standin"]);
    expect(["s1", "s2", "s3"].map((name) => fake.server(name)?.adminBits)).toEqual([0, 1, 1]);
    expect(fake.clock.now()).toBe(0);
  });

  test("is gone when its last session has ended, and one that is none is deleted beside it", async () => {
    await using fake = await FakeHaproxy.start({ running: [...SLOTS.slice(0, 2), ...declare(3).slice(2)] });
    fake.worker.set("s2", { sessions: 2 });
    fake.clock.at(3_000, () => fake.worker.set("s2", { sessions: 1 }));
    fake.clock.at(7_000, () => fake.worker.set("s2", { sessions: 0 }));
    await retire(fake, "s2", "s3");
    expect(fake.transcript).toEqual([
      "set server s2 state maint",
      "set server s3 state maint",
      ...deleting("s3"),
      "… s2: 2 sessions left; closed in 9 s",
      "… s2: 1 session left; closed in 4 s",
    ]);
    expect(fake.names()).toEqual(["s1", "s2"]);
    expect(fake.clock.now()).toBe(7_000);
  });

  test("has its sessions closed that do not end in time", async () => {
    await using fake = await startSlots();
    fake.worker.set("s2", { sessions: 3 });
    await retireWithin(1_000, fake, "s2");
    expect(fake.transcript).toEqual([
      "set server s2 state maint",
      "shutdown sessions server s2",
      "= s2: 3 sessions closed after 1 s",
    ]);
    expect([fake.server("s2")?.sessions, fake.clock.now()]).toEqual([0, 1_000]);
  });

  test("is told with a session that cannot be closed, and with no update that would delete it", async () => {
    await using fake = await startSlots();
    fake.worker.set("s2", { sessions: Number.POSITIVE_INFINITY });
    await retireWithin(0, fake, "s2");
    expect(fake.transcript.at(-1)).toBe("= s2: 1 session not closed by HAProxy, end with the container");
    expect(fake.server("s2")?.adminBits).toBe(1);
    expect(fake.clock.now()).toBe(3_000);
  });

  test("keeps what the file says of it, and may leave again", async () => {
    await using fake = await startSlots();
    fake.worker.set("s2", { adminBits: 4 });
    await retire(fake, "s2");
    await retire(fake, "s2");
    expect(fake.server("s2")?.adminBits).toBe(5);
  });
});

describe("sessions of a worker of before a reload", () => {
  const withOldWorker = () =>
    FakeHaproxy.start({ running: declare(3), file: { revision: "r2", servers: declare(3) } });
  const reload = async (fake: FakeHaproxy) => {
    await reloadHaproxy(fake.haproxy);
    fake.transcript.length = 0;
  };

  test("get their time", async () => {
    await using fake = await withOldWorker();
    fake.worker.set("s2", { sessions: 2 });
    const old = fake.worker;
    await reload(fake);
    fake.clock.at(4_000, () => old.set("s2", { sessions: 0 }));
    await retire(fake, "s2");
    expect(fake.transcript.filter((line) => /^[=…]/.test(line))).toEqual([
      "… s2: 2 sessions of before a reload left; closed in 9 s",
    ]);
    expect(fake.clock.now()).toBe(4_000);
  });

  test("that do not end are told, since they end with the container", async () => {
    await using fake = await withOldWorker();
    fake.worker.set("s2", { sessions: 1 });
    await reload(fake);
    await retire(fake, "s2");
    expect(fake.transcript.at(-1)).toBe(
      "= s2: 1 session of before a reload closed after 10 s, with the container",
    );
    expect(fake.clock.now()).toBe(10_000);
  });
});
