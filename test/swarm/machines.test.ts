import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildImage } from "../harness/built-image.ts";
import { get, mapServers } from "../harness/load.ts";
import { docker } from "../harness/running-stack.ts";
import { serverNames } from "../harness/scaling.ts";
import { EchoSocket, IdleSocket } from "../harness/sockets.ts";
import { MACHINES_PLACES } from "../harness/stack-places.ts";
import { Machines, type Task } from "../harness/swarm.ts";
import { LoadOfEach, SwarmStack } from "../harness/swarm-stack.ts";
import { until } from "../harness/until.ts";

const SECOND = "swarm-machines-app:second";
const SLOTS = 16;
const SESSIONS = Array.from({ length: 300 }, (_, index) => `session-${index}`);

/** TCP keep-alive tells HAProxy within this that a server's machine is dead. */
const SEEN_DEAD_MS = 10_000;
const SLOW_ANSWER_S = 8;
const UNCHANGED = /Resources:\s+\d+ unchanged\s+Duration/;
/** Swarm notices after three heartbeats, and first needs another leader where the one it had is dead. */
const MOVED_MS = 120_000;

let machines: Machines;
let stack: SwarmStack;
let secondImage: string;

beforeAll(async () => {
  secondImage = await buildImage(SECOND, "stefanprodan/podinfo:6.9.2", "2");
  machines = await Machines.up({ place: MACHINES_PLACES["swarm-machines"], images: [SECOND] });
  stack = await SwarmStack.createOn(machines, {
    name: "swarm-machines",
    config: { mode: "hash", count: 3, slots: SLOTS, readyTimeout: "30s" },
  });
});
afterAll(async () => {
  await machines?.down();
  await stack?.dispose();
  await docker.getImage(SECOND).remove({ force: true });
});

const urls = (numbers = machines.numbers): string[] => numbers.map((n) => stack.urlOf(n));

/** Each balancer has so many servers up and the other slots ready, each with its own name and id. */
async function expectServing(count: number, balancers = machines.numbers): Promise<void> {
  for (const n of balancers) {
    const up = await stack.upServers(n);
    expect(up.map(({ name, id }) => `${name} ${id}`)).toEqual(
      serverNames(count).map((name, index) => `${name} ${index + 1}`),
    );
    const servers = await stack.servers(n);
    for (const name of serverNames(SLOTS))
      expect(servers.get(name)?.adminState, name).toBe(
        up.some((server) => server.name === name) ? "ready" : "maint",
      );
    expect((await get(stack.urlOf(n))).status).toBe(200);
  }
}

/** What must stay as it is while no HAProxy restarts or reloads. */
const identities = () => Promise.all(machines.numbers.map((n) => stack.haproxyIdentity(n)));

/** A WebSocket in use on each of some servers, through each of some balancers. */
async function openOn(servers: readonly string[], balancers: readonly number[]): Promise<EchoSocket[]> {
  const opened = balancers.map(async (n) => {
    const homes = await mapServers(stack.urlOf(n), SESSIONS);
    return Promise.all(servers.map((server) => EchoSocket.open(stack.urlOf(n), sessionOn(homes, server))));
  });
  const sockets = (await Promise.all(opened)).flat();
  expect(sockets.map(({ server }) => server)).toEqual(balancers.flatMap(() => servers));
  return sockets;
}

function sessionOn(homes: ReadonlyMap<string, string>, server: string): string {
  const session = SESSIONS.find((id) => homes.get(id) === server);
  if (session === undefined) throw new Error(`none of ${SESSIONS.length} sessions is on ${server}`);
  return session;
}

/** They are open, and in use. */
async function expectOpen(sockets: readonly EchoSocket[]): Promise<void> {
  for (const socket of sockets) {
    const { echoes } = socket;
    await until(async () => socket.wasClosed || socket.echoes > echoes + 10);
    expect(socket.wasClosed, `WebSocket on ${socket.server}`).toBe(false);
  }
}

/** The short ids of the images that tasks run. */
const imagesOf = (tasks: readonly Task[]): Promise<string[]> =>
  Promise.all(
    tasks.map(async ({ machine, containerId = "" }) => {
      const { Image } = await machines.engineOf(machine).getContainer(containerId).inspect();
      return Image.slice(7, 19);
    }),
  );

describe("a stack on three machines", () => {
  test("comes up with a balancer on each", async () => {
    await stack.up();
    await expectServing(3);
    expect(await stack.outputs()).toMatchObject({
      mode: "hash",
      urls: urls(),
      runtimeTlsEndpoints: machines.numbers.map((n) => `${machines.addressOf(n)}:${stack.ports.runtimeTls}`),
    });
    const tasks = await stack.tasks(3);
    expect(tasks.map(({ state }) => state)).toEqual(["running", "running", "running"]);
    expect(new Set(tasks.map(({ machine }) => machine)).size).toBe(3);
    for (const n of machines.numbers) {
      const { State } = await stack.engineOf(n).getContainer(stack.haproxyNameOf(n)).inspect();
      expect(State.Running).toBe(true);
    }
  });

  test("sends a session to the same server through every balancer", async () => {
    const [first, ...others] = await Promise.all(urls().map((url) => mapServers(url, SESSIONS)));
    expect(new Set(first?.values())).toEqual(new Set(serverNames(3)));
    for (const other of others) expect(other).toEqual(first);
  });

  test("has nothing to change then", async () => {
    const before = await identities();
    expect(await stack.up()).toMatch(UNCHANGED);
    const status = await stack.command("status");
    expect(status.exitCode, status.output).toBe(0);
    expect(await identities()).toEqual(before);
  });

  test("scales 3→6→2 under load: no failed request, no WebSocket closed, no reload", async () => {
    const before = await identities();
    const load = new LoadOfEach(urls());
    const sockets = await openOn(["s1", "s2"], machines.numbers); // which stay
    for (const count of [6, 2]) {
      await stack.up({ count });
      await expectServing(count);
    }
    await load.settle();
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
    await expectOpen(sockets);
    for (const socket of sockets) socket.end();
    expect(await identities()).toEqual(before);
  });
});

test("a HAProxy that a boot has left is seen, and is started by the next update", async () => {
  const [n = 0] = machines.numbers.slice(1);
  const name = stack.haproxyNameOf(n);
  const [before, { id }] = [await stack.haproxyIdentity(1), await stack.haproxyIdentity(n)];
  await stack.engineOf(n).getContainer(name).stop();
  expect((await stack.command("status")).exitCode).toBe(1);
  expect((await stack.command("plan")).output).toContain(`start: ${name}\n`);
  await stack.up();
  await expectServing(2);
  expect((await stack.haproxyIdentity(n)).id).toBe(id);
  expect(await stack.haproxyIdentity(1)).toEqual(before);
});

describe("a roll-out", () => {
  test("of another image fails no request, and every task runs it", async () => {
    const before = await identities();
    const load = new LoadOfEach(urls());
    await stack.up({ "app.image": SECOND, "app.port": 9898, "app.readyPath": "/readyz" });
    await load.settle();
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
    await expectServing(2);
    expect(await imagesOf(await stack.tasks(2))).toEqual([secondImage, secondImage]);
    expect(await identities()).toEqual(before);
  });

  test("of a version that does not come up is refused, and nothing that serves is touched", async () => {
    const [tasks, before] = [await stack.tasks(2), await identities()];
    const load = new LoadOfEach(urls());
    const { exitCode, output } = await stack.tryUp({
      "app.command": ["./podinfo", "--port={port}", "--unready"],
      readyTimeout: "5s",
    });
    await load.settle();
    const { failures } = await load.stop();
    expect(exitCode).not.toBe(0);
    expect(output).toMatch(/not up within 5 s \(readyTimeout\): standin/);
    expect(failures).toEqual([]);
    await expectServing(2);
    expect(await stack.tasks(2)).toEqual(tasks);
    expect(await identities()).toEqual(before);
  });

  test("of which a later container does not come up goes back everywhere, and fails no request", async () => {
    const before = await identities();
    const load = new LoadOfEach(urls());
    const { exitCode, output } = await stack.tryUp({
      "app.command": ["sh", "-c", "test {n} != 2 && exec ./podinfo --port={port}"],
      readyTimeout: "30s",
    });
    await load.settle();
    const { failures } = await load.stop();
    expect(exitCode).not.toBe(0);
    expect(output).toMatch(/service swarm-machines-podinfo2 keeps ending/);
    expect(output).toMatch(/roll-out: went back \(s1 s2\)/);
    expect(failures).toEqual([]);
    await expectServing(2);
    const tasks = await stack.tasks(2);
    expect(await imagesOf(tasks)).toEqual([secondImage, secondImage]);
    await stack.up({ "app.command": undefined });
    expect(await stack.tasks(2)).toEqual(tasks);
    expect(await identities()).toEqual(before);
  });
});

describe("a machine that dies", () => {
  test("while it leads is survived, and it comes back by itself", async ({ annotate }) => {
    await stack.up({ count: 6 });
    await expectServing(6);
    const victim = await machines.leader();
    const survived = await expectSurvived(victim);
    await machines.powerOn();
    await expectBack([victim], 6);
    expect(await mapServers(stack.urlOf(victim), SESSIONS)).toEqual(survived.homes);
    await annotate(await expectUnharmed(survived));
  });

  let dead = 0;

  test("while another leads is survived, too, and updates go on without it", async ({ annotate }) => {
    const leader = await machines.leader();
    const tasks = await stack.tasks(6);
    const has = (n: number): number => tasks.filter(({ machine }) => machine === n).length;
    [dead = 0] = machines.numbers.filter((n) => n !== leader).sort((a, b) => has(b) - has(a));
    const survived = await expectSurvived(dead);
    await expectUpdatedWithout(dead);
    await annotate(await expectUnharmed(survived));
  });

  test("as the second of three managers leaves the last one serving", async () => {
    const leader = await machines.leader();
    const [last = 0] = machines.numbers.filter((n) => n !== dead && n !== leader);
    const load = new LoadOfEach([stack.urlOf(last)]);
    await load.settle();
    await machines.kill(leader);
    const { exitCode, output } = await stack.tryUp({ count: 2 });
    expect(exitCode).not.toBe(0);
    expect(errorsIn(output)).toEqual([
      expect.stringMatching(/^the Swarm cannot be changed; what runs goes on: .* has no leader \(/),
    ]);
    expect((await stack.command("status")).output).toContain(`HAProxy at ${machines.addressOf(leader)}`);
    await load.settle();
    stack.configure({ count: 7, ...stack.withoutMachines() });
    await machines.powerOn();
    await expectBack(machines.numbers, 7);
    const [homes, ...others] = await Promise.all(urls().map((url) => mapServers(url, SESSIONS)));
    for (const other of others) expect(other).toEqual(homes);
    await load.settle();
    expect((await load.stop()).failures).toEqual([]);
  });
});

/** What a death must not harm. */
interface Survived {
  /** Which server has each session. */
  readonly homes: ReadonlyMap<string, string>;
  /** On the balancers that are left. */
  readonly load: LoadOfEach;
  /** On servers of other machines. */
  readonly sockets: readonly EchoSocket[];
  readonly downAt: number;
  /** How long it took, in words. */
  readonly times: string;
}

/** Kills a machine under load, and waits until everything that it ran is elsewhere. */
async function expectSurvived(victim: number): Promise<Survived> {
  const others = machines.numbers.filter((n) => n !== victim);
  const tasks = await stack.tasks(6);
  const [dying, staying] = [true, false].map((dies) =>
    serverNames(6).filter((_, index) => (tasks[index]?.machine === victim) === dies),
  );
  if (dying?.[0] === undefined || staying?.[0] === undefined)
    throw new Error(`machine ${victim} has all servers or none: ${JSON.stringify(tasks)}`);
  const homes = await mapServers(stack.urlOf(others[0] ?? 0), SESSIONS);
  const stayingSessions = SESSIONS.filter((id) => staying.includes(homes.get(id) ?? ""));
  const homesThat = (all: ReadonlyMap<string, string>, sessions: readonly string[]) =>
    sessions.map((id) => `${id} on ${all.get(id)}`);

  const sockets = await openOn(staying, others);
  const idle = await Promise.all(
    others.flatMap((n) => dying.map((server) => IdleSocket.open(stack.urlOf(n), sessionOn(homes, server)))),
  );
  expect(idle.map(({ server }) => server)).toEqual(others.flatMap(() => dying));
  const lost = [...idle, ...(await openOn(dying, others))]; // keep-alive tells of idle ones alone
  const load = new LoadOfEach(urls(others));
  await load.settle();
  const slow = others.flatMap((n) => dying.map((server) => slowAnswer(n, sessionOn(homes, server))));
  await new Promise((resolve) => setTimeout(resolve, 1_000)); // they are on their servers

  const killedAt = Date.now();
  await machines.kill(victim);
  await until(async () => {
    const seen = await Promise.all(others.map((n) => stack.servers(n)));
    return seen.every((servers) => dying.every((name) => servers.get(name)?.isUp === false));
  }, SEEN_DEAD_MS);
  const downAt = Date.now();

  // other sessions are where they were, and those of the dead machine are served elsewhere
  for (const n of others) {
    const now = await mapServers(stack.urlOf(n), SESSIONS);
    expect(homesThat(now, stayingSessions)).toEqual(homesThat(homes, stayingSessions));
    expect(new Set(now.values())).toEqual(new Set(staying));
  }

  // what was under way there is answered by another server
  for (const { status, answeredAt, server } of await Promise.all(slow)) {
    expect(status).toBe(200);
    expect(staying).toContain(server);
    expect(answeredAt - killedAt).toBeLessThan(SEEN_DEAD_MS + SLOW_ANSWER_S * 1000);
  }
  await until(async () => lost.every(({ closedAt }) => closedAt !== undefined));
  const closedAt = Math.max(...lost.map((socket) => socket.closedAt ?? 0));
  expect(closedAt - killedAt, "WebSockets on the dead machine").toBeLessThan(SEEN_DEAD_MS);

  // Swarm moves the tasks, and each is behind the server that it was behind
  await until(async () => {
    const up = await Promise.all(others.map((n) => stack.upServers(n)));
    return up.every((servers) => servers.length === 6);
  }, MOVED_MS);
  const movedAt = Date.now();
  const moved = await stack.tasks(6);
  expect(moved.map(({ machine }) => machine)).not.toContain(victim);
  for (const n of others) {
    const up = await stack.upServers(n);
    expect(up.map(({ name, id, address }) => ({ name, id, address }))).toEqual(
      serverNames(6).map((name, index) => ({ name, id: index + 1, address: moved[index]?.address })),
    );
    expect(await mapServers(stack.urlOf(n), SESSIONS)).toEqual(homes);
  }
  const [down, closed, up] = [downAt, closedAt, movedAt].map((at) => ((at - killedAt) / 1000).toFixed(1));
  const times = `down after ${down} s, their WebSockets closed after ${closed} s, up again after ${up} s`;
  return { homes, load, sockets, downAt, times: `${dying.length} servers ${times}` };
}

/** No request has failed, and no session of another machine has moved. Returns what was seen, in words. */
async function expectUnharmed({ load, sockets, downAt, times }: Survived): Promise<string> {
  await load.settle();
  const { sent, failures } = await load.stop();
  expect(failures.filter(({ sentAt }) => sentAt >= downAt)).toEqual([]);
  expect(failures).toEqual([]); // GETs that were under way may be repeated
  await expectOpen(sockets);
  for (const socket of sockets) socket.end();
  return `${times}; ${failures.length} of ${sent} requests failed`;
}

/** A slow GET of a session through a balancer. */
async function slowAnswer(n: number, session: string) {
  const headers = { "X-Session-ID": session, "X-Balancer-Probe": "1" };
  const { status, server } = await get(`${stack.urlOf(n)}/delay/${SLOW_ANSWER_S}`, headers);
  return { status, server, answeredAt: Date.now() };
}

/** Nothing is touched while a machine is dead and nobody has said so; the others are updated then. */
async function expectUpdatedWithout(victim: number): Promise<void> {
  const others = machines.numbers.filter((n) => n !== victim);
  const name = machines.nameOf(victim);
  const tasks = await stack.tasks(6);
  const refused = await stack.tryUp({ count: 7 });
  expect(refused.exitCode).not.toBe(0);
  expect(errorsIn(refused.output)).toEqual([
    expect.stringMatching(
      new RegExp(`^the Docker engine of machine ${name} at .* machines.${name}.down true$`),
    ),
  ]);
  expect(await stack.tasks(6)).toEqual(tasks);
  await expectServing(6, others);

  const output = await stack.up(stack.withoutMachines(victim));
  expect(output).toContain(`machine ${name} is left as it is (machines.${name}.down)`);
  await expectServing(7, others);
  const refresh = await stack.pulumi("refresh", "--yes", "--skip-preview", "--stack", stack.name);
  expect(refresh.exitCode, refresh.output).toBe(0);
  expect(await stack.up()).toMatch(UNCHANGED);
}

/** What Pulumi told as errors, each once. */
const errorsIn = (output: string): string[] => [
  ...new Set(Array.from(output.matchAll(/^ +error: (.*)$/gm), ([, words = ""]) => words)),
];

/**
 * Machines that have power again serve, and the next update leaves nothing to change. Where an engine started
 * HAProxy before it had the network again, that update starts it.
 */
async function expectBack(back: readonly number[], count: number): Promise<void> {
  const isServing = async (n: number) => (await get(stack.urlOf(n))).status === 200;
  const isLeft = async (n: number) => {
    const { State } = await stack.engineOf(n).getContainer(stack.haproxyNameOf(n)).inspect();
    return State.Status === "exited";
  };
  // One that has just come back may have no server up yet.
  for (const n of back) await until(async () => (await isLeft(n)) || (await isServing(n)), 60_000);
  const left = await Promise.all(back.map(isLeft));
  if (left.includes(true)) expect((await stack.command("status")).exitCode).not.toBe(0);
  await stack.up();
  for (const n of back) await until(() => isServing(n));
  await expectServing(count);
  expect(await stack.up()).toMatch(UNCHANGED);
  const status = await stack.command("status");
  expect(status.exitCode, status.output).toBe(0);
}

test("destroy leaves nothing on any machine, nor on this one's engine", async () => {
  expect(await stack.resources()).not.toEqual([]);
  await stack.destroy();
  // An engine ends the containers of a removed service in its own time.
  await until(async () => (await stack.resources()).length === 0);
});
