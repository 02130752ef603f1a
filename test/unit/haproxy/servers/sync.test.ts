import { describe, expect, test } from "vitest";
import { serverArguments } from "../../../../src/haproxy/file/server-line.ts";
import { bringUp, sync, tryNext } from "../../../../src/haproxy/servers/sync.ts";
import type { Server } from "../../../../src/stack/topology.ts";
import { checkOf, declare } from "./declared-servers.ts";
import { FakeHaproxy } from "./fake-haproxy.ts";

const TIMES = { drainTimeoutMs: 10_000, readyTimeoutMs: 2_000 };
const FIVE = declare(5);
const only = (...names: string[]): Server[] => FIVE.filter(({ name }) => names.includes(name));

const syncTo = (
  { haproxy, clock, stateFile, report }: FakeHaproxy,
  servers: readonly Server[],
  revision = "r1",
  path = "/readyz",
) => sync({ ...{ haproxy, clock, stateFile, servers, revision, check: checkOf(path) }, ...TIMES }, report);

const CHECK = "check inter 500ms fastinter 200ms downinter 100ms fall 2 rise 1";

/** What adds a server. */
const adding = (name: string, servers = FIVE): string[] =>
  servers
    .filter((server) => server.name === name)
    .flatMap((server) => [
      `add server ${name} ${serverArguments(server)} init-state down`,
      `enable health ${name}`,
      `set server ${name} state ready`,
    ]);

/** What takes a server out that has no session. */
const removing = (name: string): string[] => [
  `set server ${name} state maint`,
  `wait 50ms srv-removable ${name}`,
  `del server ${name}`,
  `del map virt@ready ${name}`,
];

/** What reloads, and has the new worker know what the old one knows. */
const reloading = (...servers: readonly string[]): string[] => [
  `state: ${servers.join(", ")}`,
  "@master reload",
  "state: removed",
];

describe("a sync", () => {
  test("changes nothing where all is as declared", async () => {
    await using fake = await FakeHaproxy.start({ running: only("s1", "s2") });
    const { servers, revision } = await syncTo(fake, only("s1", "s2"));
    expect(fake.transcript).toEqual([]);
    expect([servers.map(({ name }) => name), revision]).toEqual([["s1", "s2"], "r1"]);
  });

  test("adds servers, proves them up, and only then removes others", async () => {
    await using fake = await FakeHaproxy.start({ running: only("s1", "s2") });
    let wereUp: boolean | undefined;
    fake.before(/^set server webservers\/s1 state maint/, () => {
      wereUp = (fake.server("s3")?.passesFromMs ?? Number.NaN) <= fake.clock.now();
    });
    await syncTo(fake, only("s2", "s3"));
    expect(fake.transcript).toEqual(["= runtime: + s3, - s1", ...adding("s3"), ...removing("s1")]);
    expect(wereUp).toBe(true);
    expect(fake.names()).toEqual(["s2", "s3"]);
  });

  test("mends what was changed by hand, over one connection", async () => {
    await using fake = await FakeHaproxy.start({ running: FIVE });
    fake.worker.set("s1", { weight: 3 });
    fake.worker.set("s2", { adminBits: 8 });
    fake.worker.set("s3", { address: "10.9.9.9" });
    fake.worker.set("s4", { checkBits: 2 });
    fake.worker.set("s5", { adminBits: 1 });
    await syncTo(fake, FIVE);
    expect(fake.transcript).toEqual([
      "= runtime: ~ s1 s2 s3 s4 s5",
      "set server s1 weight 100",
      "set server s2 state ready",
      `set server s3 addr ${FIVE[2]?.address} port 9898`,
      "enable health s4",
      "set server s5 state ready",
      "set server s5 health down",
    ]);
    // the first for all but the last look, which nobody's reload shall escape
    expect(fake.connections).toBe(2);
  });

  test("evicts a stranger that holds a declared id before it adds the server", async () => {
    const [s1, s2] = only("s1", "s2");
    if (s1 === undefined || s2 === undefined) throw new Error("two servers are declared");
    await using fake = await FakeHaproxy.start({ running: [s1, { ...s2, name: "blue" }] });
    await syncTo(fake, [s1, s2]);
    expect(fake.transcript).toEqual(["= runtime: + s2, - blue", ...removing("blue"), ...adding("s2")]);
  });

  test("removes nothing while a new server does not come up, and tells what it waits for", async () => {
    await using fake = await FakeHaproxy.start({
      running: only("s1", "s2"),
      startsInMs: { s3: Number.POSITIVE_INFINITY },
    });
    await expect(syncTo(fake, only("s2", "s3"))).rejects.toThrow(
      /^not up within 2 s \(readyTimeout\): s3 \(demo-podinfo3, .*\): DOWN L7STS Layer7 wrong status$/,
    );
    expect(fake.transcript).toEqual([
      "= runtime: + s3, - s1",
      ...adding("s3"),
      "… waits for s3: DOWN L7STS Layer7 wrong status, 1 s left",
    ]);
    expect(fake.names()).toEqual(["s1", "s2", "s3"]);
  });

  test("tells whom somebody deleted meanwhile, and the next one carries on", async () => {
    await using fake = await FakeHaproxy.start({ running: only("s1", "s2") });
    fake.worker.set("s1", { weight: 3 });
    fake.before(/^set server webservers\/s1 weight/, () => fake.worker.servers.delete("s1"));
    await expect(syncTo(fake, only("s1", "s2"))).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringMatching(/refused "set server webservers\/s1 weight 100": No such server\.$/),
    });
    fake.transcript.length = 0;
    await syncTo(fake, only("s1", "s2"));
    expect(fake.transcript).toEqual(["= runtime: + s1", ...adding("s1")]);
  });

  test("tells every step that HAProxy refuses", async () => {
    await using fake = await FakeHaproxy.start({ running: only("s1") });
    fake.refuse(/^add server webservers\/s2/, "Permission denied");
    await expect(syncTo(fake, only("s1", "s2"))).rejects.toThrow(
      /refused "add server \S+\/s2 .*": Permission denied; "enable health \S+\/s2": No such server\.; /,
    );
  });

  test("ends where HAProxy goes away in the middle, and the next one carries on", async () => {
    await using fake = await FakeHaproxy.start({ running: only("s1") });
    let gone: Promise<void> | undefined;
    fake.before(/^add server webservers\/s2/, () => {
      gone = fake.kill();
    });
    await expect(syncTo(fake, only("s1", "s2"))).rejects.toMatchObject({
      kind: "broken",
      message: expect.stringMatching(/(closed|broke) the connection.* in its answer to "/),
    });
    await gone;
    await expect(syncTo(fake, only("s1", "s2"))).rejects.toMatchObject({ kind: "unreachable" });
    await fake.listen();
    await syncTo(fake, only("s1", "s2"));
    expect(fake.names()).toEqual(["s1", "s2"]);
  });
});

describe("a sync with another config", () => {
  test("proves new servers up and gives those that leave their time, before it reloads", async () => {
    const file = { revision: "r2", servers: only("s2", "s3") };
    await using fake = await FakeHaproxy.start({ running: only("s1", "s2"), file });
    const { servers, revision } = await syncTo(fake, file.servers, "r2");
    expect(fake.transcript).toEqual([
      "= runtime: + s3, - s1",
      ...adding("s3"),
      ...removing("s1"),
      ...reloading("s2 up", "s3 up"),
      "= reload: config r1 → r2",
    ]);
    expect([servers.map(({ name }) => name), revision]).toEqual([["s2", "s3"], "r2"]);
  });

  test.each([{ toOldWorker: [] }, { toOldWorker: [1, 2, 3] }, { toOldWorker: [2, 4] }])(
    "looks at the new worker, while the old one takes connections $toOldWorker",
    async ({ toOldWorker }) => {
      const file = { revision: "r2", servers: only("s1", "s2") };
      await using fake = await FakeHaproxy.start({ running: only("s1", "s2"), file, toOldWorker });
      fake.before(/^@master reload/, () => fake.worker.set("s1", { weight: 7 }));
      const { servers } = await syncTo(fake, file.servers, "r2");
      expect(fake.transcript).toEqual([...reloading("s1 up", "s2 up"), "= reload: config r1 → r2"]);
      expect(servers.map(({ weight }) => weight)).toEqual([100, 100]);
    },
  );

  test("brings a server that is in maintenance up with the cookie that it has", async () => {
    const file = { revision: "r2", servers: declare(2, "hash") };
    await using fake = await FakeHaproxy.start({ running: declare(2), file });
    fake.worker.set("s2", { adminBits: 1 });
    await syncTo(fake, file.servers, "r2");
    expect(fake.transcript).toEqual([
      "= runtime: ~ s2",
      "set server s2 state ready",
      "set server s2 health down",
      ...reloading("s1 up", "s2 up"),
      "= reload: config r1 → r2",
    ]);
    expect(fake.server("s2")?.cookie).toBeUndefined();
  });

  test("reloads at once where no server is up", async () => {
    const file = { revision: "r2", servers: only("s2", "s3") };
    const startsInMs = { s1: Number.POSITIVE_INFINITY };
    await using fake = await FakeHaproxy.start({ running: only("s1"), file, startsInMs });
    await syncTo(fake, file.servers, "r2");
    expect(fake.transcript).toEqual([
      "= runtime: + s2 s3, - s1",
      ...reloading("s1 down"),
      "= reload: config r1 → r2",
    ]);
  });

  test("leaves the old worker as it is where the reload is refused", async () => {
    await using fake = await FakeHaproxy.start({ running: only("s1") });
    await expect(syncTo(fake, only("s1"), "r2")).rejects.toThrow(
      /^HAProxy at unix@.* refused to reload: \[ALERT\] \(1\) : config : no$/,
    );
    expect(fake.transcript).toEqual(reloading("s1 up"));
    expect(fake.names()).toEqual(["s1"]);
  });

  test("does not reload where a new server does not come up", async () => {
    const file = { revision: "r2", servers: only("s1", "s2") };
    const startsInMs = { s2: Number.POSITIVE_INFINITY };
    await using fake = await FakeHaproxy.start({ running: only("s1"), file, startsInMs });
    await expect(syncTo(fake, file.servers, "r2")).rejects.toThrow("not up within 2 s (readyTimeout): s2 ");
    expect(fake.transcript).not.toContain("@master reload");
  });

  test("ends where HAProxy loaded yet another one", async () => {
    const file = { revision: "r3", servers: only("s1") };
    await using fake = await FakeHaproxy.start({ running: only("s1"), file });
    await expect(syncTo(fake, only("s1"), "r2")).rejects.toThrow(/ loaded config r3 instead of r2$/);
  });

  test("ends where HAProxy answers nothing to the reload", async () => {
    await using fake = await FakeHaproxy.start({ running: only("s1") });
    fake.refuse(/^@master reload/, "Permission denied");
    await expect(syncTo(fake, only("s1"), "r2")).rejects.toThrow(/ refused to reload: Permission denied$/);
  });
});

describe("a sync with another check", () => {
  const file = { revision: "r2", check: checkOf("/ready"), servers: only("s1", "s2") };
  const start = (options: Partial<Parameters<typeof FakeHaproxy.start>[0]>) =>
    FakeHaproxy.start({ running: only("s1", "s2"), file, ...options });
  const syncCheck = (fake: FakeHaproxy, servers = file.servers) => syncTo(fake, servers, "r2", "/ready");

  /** What an update leaves that was killed in a trial. */
  const leaveTrial = ({ worker }: FakeHaproxy): void => {
    worker.load(only("s1").map((server) => ({ ...server, name: "try-s1", id: 2001 })));
    worker.checks.set("try-s1", "/other|localhost");
  };

  const tried = only("s1", "s2").map(({ name, address, id }) => [
    `del map virt@ready try-${name}`,
    `add map virt@ready try-${name} \\/ready\\|localhost`,
    `add server try-${name} ${address}:9898 id ${2000 + id} backup weight 0 ${CHECK} init-state down`,
    `enable health try-${name}`,
    `set server try-${name} state ready`,
  ]);
  const [pauses, deletions] = [
    [removing("try-s1").slice(0, 1), removing("try-s2").slice(0, 1)].flat(),
    [removing("try-s1").slice(1), removing("try-s2").slice(1)].flat(),
  ];
  /** What tries it on both, with what is told of it, and leaves nothing. */
  const trying = (...told: readonly string[]): string[] => [
    ...[...pauses, ...deletions],
    ...tried.flat(),
    ...told,
    ...[...pauses, ...deletions],
  ];

  test("tries it on servers of its own before it reloads", async () => {
    await using fake = await start({});
    const { check } = await syncCheck(fake);
    expect(fake.transcript).toEqual([
      ...trying("= app.readyPath /ready tried: s1 s2 pass"),
      ...reloading("s1 up", "s2 up"),
      "= reload: config r1 → r2",
    ]);
    expect([check, fake.names()]).toEqual(["/ready|localhost|200-399", ["s1", "s2"]]);
  });

  test("may be tried alone, which changes nothing else", async () => {
    await using fake = await start({ running: only("s2", "s4") });
    fake.worker.set("s2", { weight: 3 });
    const { haproxy, clock, report } = fake;
    const declared = { haproxy, clock, servers: only("s2", "s3"), revision: "r2", check: checkOf("/ready") };
    await tryNext({ ...declared, ...TIMES }, report);
    expect(fake.transcript).toContain("= app.readyPath /ready tried: s2 pass");
    expect(fake.transcript.filter((line) => !/[ -]s2\b/.test(line))).toEqual([]);
    await fake.kill();
    await tryNext({ ...declared, ...TIMES }, report); // nobody is served
  });

  test("is refused within a second or two where an app does not know it, with its answer", async () => {
    await using fake = await start({
      refuses: (urlPath, server) => (urlPath === "/ready" && server === "s2" ? 404 : undefined),
    });
    await expect(syncCheck(fake)).rejects.toMatchObject({
      message: "app.readyPath /ready: s2 (demo-podinfo2, 172.28.10.12:9898) answers 404 for /ready",
    });
    expect(fake.transcript).toEqual(trying("… tries app.readyPath /ready on s2, 1 s left"));
    expect(fake.names()).toEqual(["s1", "s2"]);
    expect(fake.clock.now()).toBeLessThan(1_500);
  });

  test.each([
    { code: 503, words: "DOWN L7STS Layer7 wrong status" },
    { code: 0, words: "DOWN L7TOUT Layer7 timeout" },
  ])("gives an app its time that answers $code, and quotes HAProxy", async ({ code, words }) => {
    await using fake = await start({ refuses: (urlPath) => (urlPath === "/ready" ? code : undefined) });
    await expect(syncCheck(fake)).rejects.toMatchObject({
      message:
        "app.readyPath /ready: not up within 2 s (readyTimeout): " +
        `s1 (demo-podinfo1, 172.28.10.11:9898): ${words}; s2 (demo-podinfo2, 172.28.10.12:9898): ${words}`,
    });
    expect(fake.transcript).toEqual(trying("… tries app.readyPath /ready on s1 s2, 1 s left"));
    expect(fake.clock.now()).toBeGreaterThanOrEqual(2_000);
  });

  test("waits for an app that takes a while until it passes", async () => {
    let isWarm = false;
    await using fake = await start({
      refuses: (urlPath) => (urlPath === "/ready" && !isWarm ? 503 : undefined),
    });
    const synced = syncCheck(fake);
    fake.before(/^enable health webservers\/try-s2/, () => {
      isWarm = true;
    });
    await synced;
    expect(fake.transcript).toContain("= reload: config r1 → r2");
  });

  test("removes what a killed one left, whatever comes of it", async () => {
    await using fake = await start({});
    leaveTrial(fake);
    await syncCheck(fake);
    expect(fake.names()).toEqual(["s1", "s2"]);
  });

  test("leaves nothing of a killed one either where nothing else is to do", async () => {
    await using fake = await start({});
    leaveTrial(fake);
    await syncTo(fake, file.servers);
    expect(fake.transcript).toEqual(["= runtime: - try-s1", ...removing("try-s1")]);
    expect([fake.names(), [...fake.worker.checks]]).toEqual([["s1", "s2"], []]);
  });

  test("is not tried where the containers are checked so already, nor where none is up", async () => {
    await using fake = await start({});
    for (const name of ["s1", "s2"]) fake.worker.checks.set(name, "/ready|localhost");
    await syncCheck(fake);
    expect(fake.transcript).toEqual([...reloading("s1 up", "s2 up"), "= reload: config r1 → r2"]);
    await using down = await start({ refuses: (urlPath) => (urlPath === "/readyz" ? 500 : undefined) });
    for (const name of ["s1", "s2"]) down.worker.set(name, { trustedUntilMs: 0 });
    await syncCheck(down);
    expect(down.transcript).toEqual([...reloading("s1 down", "s2 down"), "= reload: config r1 → r2"]);
  });

  test("brings new servers up by it", async () => {
    const servers = only("s1", "s3");
    await using fake = await start({
      running: only("s1"),
      file: { ...file, servers },
      refuses: (urlPath, server) => (urlPath === "/readyz" && server === "s3" ? 404 : undefined),
    });
    await syncCheck(fake, servers);
    expect(fake.transcript).toContain("add map virt@ready s3 \\/ready\\|localhost");
    expect(fake.transcript.slice(-4)).toEqual([...reloading("s1 up", "s3 up"), "= reload: config r1 → r2"]);
  });
});

test("a server that somebody has checked otherwise is checked as all others again", async () => {
  await using fake = await FakeHaproxy.start({ running: only("s1", "s2") });
  fake.worker.checks.set("s2", "/other|localhost");
  await syncTo(fake, only("s1", "s2"));
  expect(fake.transcript).toEqual(["= runtime: ~ s2", "del map virt@ready s2"]);
});

describe("bringing up some of the servers", () => {
  const bringUpOn = (fake: FakeHaproxy, servers: readonly Server[]) =>
    bringUp({ haproxy: fake.haproxy, clock: fake.clock, servers, ...TIMES }, fake.report);

  test("adds and proves them, and leaves the others as they are", async () => {
    await using fake = await FakeHaproxy.start({ running: only("s1", "s4"), startsInMs: { s2: 500 } });
    fake.worker.set("s1", { weight: 3 });
    await bringUpOn(fake, only("s2"));
    expect(fake.transcript).toEqual(["= runtime: + s2", ...adding("s2")]);
    expect(fake.clock.now()).toBeGreaterThanOrEqual(600);
    expect(fake.names()).toEqual(["s1", "s2", "s4"]);
  });

  test("mends one that runs, and keeps its cookie", async () => {
    await using fake = await FakeHaproxy.start({ running: only("s1", "s2") });
    fake.worker.set("s2", { adminBits: 8, cookie: "other" });
    await bringUpOn(fake, only("s2"));
    expect(fake.transcript).toEqual(["= runtime: ~ s2", "set server s2 state ready"]);
  });

  describe("by a check whose statuses the running config does not have", () => {
    const check = { ...checkOf("/"), status: "100-499" };
    const judging = (fake: FakeHaproxy, servers: readonly Server[]) =>
      bringUp({ haproxy: fake.haproxy, clock: fake.clock, servers, check, ...TIMES }, fake.report);
    const trusting = (name: string) => [`disable health ${name}`, `set server ${name} health up`];

    test("takes one for up that answers as is declared, until the reload that knows it", async () => {
      const refuses = (_path: string, server: string) => (server === "s1" ? undefined : 404);
      await using fake = await FakeHaproxy.start({ running: only("s1"), refuses });
      await judging(fake, only("s1", "s2"));
      expect(fake.transcript).toEqual(["= runtime: + s2", ...adding("s2"), ...trusting("s2")]);
      expect(fake.server("s2")?.checkBits).not.toBe(6);
      await judging(fake, only("s1", "s2"));
      expect(fake.transcript).toHaveLength(6);
    });

    test("waits for one that does not, and quotes HAProxy", async () => {
      await using fake = await FakeHaproxy.start({ running: only("s1"), refuses: () => 503 });
      await expect(judging(fake, only("s2"))).rejects.toThrow(
        /^not up within 2 s \(readyTimeout\): s2 .*: DOWN L7STS Layer7 wrong status$/,
      );
      expect(fake.transcript.filter((line) => line.includes("disable health"))).toEqual([]);
    });

    test("is proved by HAProxy where its config has them", async () => {
      const refuses = () => 404;
      const file = { servers: only("s1") };
      await using fake = await FakeHaproxy.start({ running: only("s1"), refuses, file });
      const { haproxy, clock, report } = fake;
      const same = { haproxy, clock, servers: only("s2"), check: checkOf("/"), ...TIMES };
      await expect(bringUp(same, report)).rejects.toThrow(/^not up within 2 s/);
    });
  });

  test("evicts a stranger that holds the id", async () => {
    const [s1, s2] = only("s1", "s2");
    if (s1 === undefined || s2 === undefined) throw new Error("two servers are declared");
    await using fake = await FakeHaproxy.start({ running: [s1, { ...s2, name: "blue" }] });
    await bringUpOn(fake, [s2]);
    expect(fake.transcript).toEqual(["= runtime: + s2, - blue", ...removing("blue"), ...adding("s2")]);
  });
});
