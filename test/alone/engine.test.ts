import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { get, mapSessions } from "../harness/load.ts";
import { PROJECT } from "../harness/pulumi.ts";
import { docker } from "../harness/running-stack.ts";
import { TestStack } from "../harness/stack.ts";
import { until } from "../harness/until.ts";

/** Set by .ci/run where the set-up itself started the engine. Nobody else's engine is killed by a test. */
const ownsEngine = process.env.BALANCER_OWN_ENGINE === "1";

describe.runIf(ownsEngine)("an engine that is killed", () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await TestStack.create({ name: "e2e-engine", config: { mode: "hash", count: 4 } });
    await stack.up();
  });
  afterAll(() => stack?.dispose());

  const identify = async () =>
    [...(await stack.servers()).values()].map(({ name, id, address, port }) => ({ name, id, address, port }));

  test("comes back with the same containers, addresses and rotation, and needs no update", async () => {
    const ids = Array.from({ length: 200 }, (_, index) => `session-${index}`);
    const [servers, homes] = [await identify(), await mapSessions(stack.url, ids)];
    process.kill(Number(readFileSync("/var/run/docker.pid", "utf8")), "SIGKILL");
    execFileSync(join(PROJECT, "tools/setup.sh"), { stdio: "inherit" });
    await docker.ping();
    await until(async () => (await get(stack.url)).status === 200, 60_000);
    await until(() => stack.areAllUp(), 60_000);
    expect(await identify()).toEqual(servers);
    expect(await mapSessions(stack.url, ids)).toEqual(homes);
    expect(await stack.up()).toMatch(/\d+ unchanged\s+Duration/);
  });

  test("in the middle of an update loses nothing that the next update does not carry on", async () => {
    const update = stack.startUp({ count: 5 });
    await update.seen(/podinfo5 creating/); // while Docker makes or starts the container
    process.kill(Number(readFileSync("/var/run/docker.pid", "utf8")), "SIGKILL");
    expect((await update.ended).exitCode).not.toBe(0);
    execFileSync(join(PROJECT, "tools/setup.sh"), { stdio: "inherit" });
    await until(async () => (await get(stack.url)).status === 200, 60_000);
    await stack.up();
    expect((await identify()).map(({ name }) => name).sort()).toEqual(["s1", "s2", "s3", "s4", "s5"]);
  });
});
