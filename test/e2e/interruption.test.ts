import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { get, Load } from "../harness/load.ts";
import { type Config, docker } from "../harness/running-stack.ts";
import { EchoSocket } from "../harness/sockets.ts";
import { TestStack } from "../harness/stack.ts";
import type { ProgramRun } from "../harness/started-program.ts";

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.create({
    name: "e2e-interruption",
    config: { count: 3, readyTimeout: "15s" },
  });
  await stack.up();
});
afterAll(() => stack?.dispose());

/** The next update; where Pulumi asks for `pulumi cancel`, that comes first, as its user would do. */
async function updateAgain(): Promise<ProgramRun> {
  const run = await stack.tryUp();
  if (!/pulumi cancel/.test(run.output)) return run;
  const { exitCode, output } = await stack.pulumi("cancel", "--yes", "--stack", stack.name);
  expect(exitCode, output).toBe(0);
  return stack.tryUp();
}

async function expectDeclared(count: number): Promise<void> {
  const servers = [...(await stack.servers()).values()].sort((a, b) => a.id - b.id);
  expect(servers.map(({ name }) => name)).toEqual(
    Array.from({ length: count }, (_, index) => `s${index + 1}`),
  );
  for (const server of servers)
    expect(server).toMatchObject({ adminState: "ready", isUp: true, isChecked: true });
  const containers = await docker.listContainers({
    all: true,
    filters: { label: [`balancer.stack=${stack.name}`, "balancer.role=app"] },
  });
  expect(containers.map(({ State }) => State)).toEqual(Array.from({ length: count }, () => "running"));
}

type Hold = "by a WebSocket" | "by readiness";

/** Keeps an update that removes or reloads from its end, by what the last server does. Returns how to let go. */
async function hold(how: Hold): Promise<() => Promise<unknown>> {
  switch (how) {
    case "by a WebSocket": {
      const socket = await openSocketOn("s5"); // it has drainTimeout
      return async () => socket.end();
    }
    case "by readiness": {
      await setReadiness("disable"); // the reload is followed by the proof that each server is up
      return () => setReadiness("enable");
    }
    default:
      return how satisfies never;
  }
}

async function openSocketOn(server: string): Promise<EchoSocket> {
  for (let tried = 0; tried < 100; tried++) {
    const socket = await EchoSocket.open(stack.url, `held-${tried}`);
    if (socket.server === server) return socket;
    socket.end();
  }
  throw new Error(`none of 100 WebSockets came to ${server}`);
}

/** Lets the app behind s3 fail its checks, or pass them; it serves all the same. */
const setReadiness = (state: "enable" | "disable"): Promise<unknown> =>
  fetch(`http://${stack.gateway.replace(/1$/, "13")}:9898/readyz/${state}`, { method: "POST" });

type Interrupt = "SIGINT" | "SIGINT twice" | "SIGKILL";
interface Case {
  readonly what: string;
  readonly changes: Config;
  readonly at: RegExp;
  readonly by: Interrupt;
  /** What would be over too soon is kept from its end. */
  readonly held?: Hold;
  readonly count: number;
}

const message = (text: string): Config => ({ "app.env": { PODINFO_UI_MESSAGE: text } });

describe("an update that is interrupted under load", () => {
  test.each<Case>([
    { what: "a scale-up", by: "SIGKILL", changes: { count: 5 }, at: /podinfo4 creating/, count: 5 },
    {
      what: "a scale-down",
      by: "SIGKILL",
      held: "by a WebSocket",
      changes: { count: 3 },
      at: /s5: \d sessions? left/,
      count: 3,
    },
    { what: "a scale-up", by: "SIGINT", changes: { count: 4 }, at: /podinfo4 creating/, count: 4 },
    { what: "a scale-down", by: "SIGINT twice", changes: { count: 3 }, at: /podinfo4 deleting/, count: 3 },
    {
      what: "a roll-out",
      by: "SIGKILL",
      changes: message("a"),
      at: /podinfo2 creating replacement/,
      count: 3,
    },
    { what: "a roll-out", by: "SIGINT twice", changes: message("b"), at: /podinfo2-gate updating/, count: 3 },
    { what: "a roll-out", by: "SIGINT", changes: message("c"), at: /podinfo1 deleting original/, count: 3 },
    {
      what: "a reload",
      by: "SIGKILL",
      held: "by readiness",
      changes: { mode: "hash" },
      at: /RuntimeSync .* updating/,
      count: 3,
    },
    {
      what: "a reload",
      by: "SIGKILL",
      held: "by readiness",
      changes: { mode: "sticky" },
      at: /ConfigFile .* updating/,
      count: 3,
    },
  ])(
    "$what by $by at $at fails no request, and the next update converges",
    async ({ changes, at, by, held, count }) => {
      const letGo = held === undefined ? undefined : await hold(held);
      const load = new Load(stack.url);
      const update = stack.startUp(changes);
      await update.seen(at);
      update.kill(by === "SIGKILL" ? "SIGKILL" : "SIGINT");
      if (by === "SIGINT twice") {
        await update.seen(/\^C received; cancelling/); // two at once may count as one
        update.kill("SIGINT");
      }
      const interrupted = await update.ended;
      await letGo?.();
      if (by !== "SIGINT") expect(interrupted.exitCode, interrupted.output).not.toBe(0); // it was not at its end
      const { exitCode, output } = await updateAgain();
      expect(exitCode, output).toBe(0);
      expect(output).not.toMatch(/error:/);
      await load.settle();
      const { sent, failures } = await load.stop();
      expect(failures).toEqual([]);
      expect(sent).toBeGreaterThan(300);
      await expectDeclared(count);
    },
  );
});

test("an update that was killed does not go on beside the next", async () => {
  await stack.up({ mode: undefined, count: 3 });
  const socket = await openSocketOn("s3");
  const killed = stack.startUp({ count: 2, drainTimeout: "8s" });
  await killed.seen(/s3: \d sessions? left/);
  killed.kill("SIGKILL");
  await killed.ended;
  stack.configure({ count: 3 });
  const { exitCode, output } = await updateAgain();
  expect(exitCode, output).toBe(0);
  await sleep(8_000); // the killed one would have closed what is left
  expect(socket.wasClosed).toBe(false);
  socket.end();
  await expectDeclared(3);
});

describe("an update whose HAProxy goes away", () => {
  test("fails when it is stopped in the middle, and the next one brings it back", async () => {
    const update = stack.startUp({ count: 4 });
    await update.seen(/podinfo4 creating/);
    await docker.getContainer(stack.haproxyName).stop({ t: 0 });
    const { exitCode, output } = await update.ended;
    expect(exitCode).not.toBe(0);
    // the second where the sync had begun
    expect(output).toMatch(
      /container e2e-interruption-haproxy1 is exited|HAProxy's runtime API at 127\.0\.0\.1:\d+ (is not reachable|closed|broke)/,
    );
    const again = await updateAgain();
    expect(again.exitCode, again.output).toBe(0);
    await expectDeclared(4);
    expect((await get(stack.url)).status).toBe(200);
  });

  test("fails when it does not answer, and the next one carries on", async () => {
    const update = stack.startUp({ count: 3 });
    await update.seen(/RuntimeSync .* refresh/);
    await docker.getContainer(stack.haproxyName).pause();
    const { exitCode } = await update.ended;
    await docker.getContainer(stack.haproxyName).unpause();
    expect(exitCode).not.toBe(0);
    const again = await updateAgain();
    expect(again.exitCode, again.output).toBe(0);
    await expectDeclared(3);
  });
});
