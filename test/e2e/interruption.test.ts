import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { get, Load } from "./load.ts";
import { type Config, docker, type PulumiRun, TestStack } from "./stack.ts";

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.create({ name: "e2e-interruption", number: 8, config: { count: 3, readyTimeout: "15s" } });
  await stack.up();
});
afterAll(() => stack?.dispose());

/** The next update; where Pulumi asks for `pulumi cancel`, that comes first, as its user would do. */
async function updateAgain(): Promise<PulumiRun> {
  const run = await stack.tryUp();
  if (!/pulumi cancel/.test(run.output)) return run;
  await stack.pulumi("cancel", "--yes", "--stack", stack.name);
  return stack.tryUp();
}

async function expectDeclared(count: number): Promise<void> {
  const servers = [...(await stack.servers()).values()].sort((a, b) => a.id - b.id);
  expect(servers.map(({ name }) => name)).toEqual(Array.from({ length: count }, (_, index) => `s${index + 1}`));
  for (const server of servers) expect(server).toMatchObject({ adminState: "ready", isUp: true, isChecked: true });
  const containers = await docker.listContainers({ all: true, filters: { label: [`balancer.stack=${stack.name}`, "balancer.role=app"] } });
  expect(containers.map(({ State }) => State)).toEqual(Array.from({ length: count }, () => "running"));
}

type Interrupt = "SIGINT" | "SIGINT twice" | "SIGKILL";
interface Case {
  readonly what: string;
  readonly changes: Config;
  readonly at: RegExp;
  readonly by: Interrupt;
  readonly count: number;
}

const message = (text: string): Config => ({ "app.env": { PODINFO_UI_MESSAGE: text } });

describe("an update that is interrupted under load", () => {
  test.each<Case>([
    { what: "a scale-up", by: "SIGKILL", changes: { count: 5 }, at: /podinfo4 creating/, count: 5 },
    { what: "a scale-down", by: "SIGKILL", changes: { count: 3 }, at: /RuntimeSync .* updating/, count: 3 },
    { what: "a scale-up", by: "SIGINT", changes: { count: 4 }, at: /podinfo4 creating/, count: 4 },
    { what: "a scale-down", by: "SIGINT twice", changes: { count: 3 }, at: /podinfo4 deleting/, count: 3 },
    { what: "a roll-out", by: "SIGKILL", changes: message("a"), at: /podinfo2 creating replacement/, count: 3 },
    { what: "a roll-out", by: "SIGINT twice", changes: message("b"), at: /podinfo2-gate updating/, count: 3 },
    { what: "a roll-out", by: "SIGINT", changes: message("c"), at: /podinfo1 deleting original/, count: 3 },
    { what: "a reload", by: "SIGKILL", changes: { mode: "hash" }, at: /RuntimeSync .* updating/, count: 3 },
    { what: "a reload", by: "SIGKILL", changes: { mode: "sticky" }, at: /ConfigFile .* updating/, count: 3 },
  ])("$what by $by at $at fails no request, and the next update converges", async ({ changes, at, by, count }) => {
    const load = new Load(stack.url);
    const update = stack.startUp(changes);
    await update.seen(at);
    update.kill(by === "SIGKILL" ? "SIGKILL" : "SIGINT");
    if (by === "SIGINT twice") update.kill("SIGINT");
    await update.ended;
    const { exitCode, output } = await updateAgain();
    expect(output).not.toMatch(/error:/);
    expect(exitCode).toBe(0);
    await load.settle();
    const { sent, failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(sent).toBeGreaterThan(300);
    await expectDeclared(count);
  });
});

describe("an update whose HAProxy goes away", () => {
  test("fails when it is stopped in the middle, and the next one brings it back", async () => {
    const update = stack.startUp({ count: 4 });
    await update.seen(/podinfo4 creating/);
    await docker.getContainer(stack.haproxyName).stop({ t: 0 });
    const { exitCode, output } = await update.ended;
    expect(exitCode).not.toBe(0);
    expect(output).toMatch(/container e2e-interruption-haproxy1 is exited/);
    expect((await updateAgain()).exitCode).toBe(0);
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
    expect((await updateAgain()).exitCode).toBe(0);
    await expectDeclared(3);
  });
});
