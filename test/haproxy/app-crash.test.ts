import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import { crashAndRestart } from "../harness/crash.ts";
import { DirectStack } from "../harness/direct-stack.ts";
import { get, Load } from "../harness/load.ts";
import { docker } from "../harness/running-stack.ts";
import { until } from "../harness/until.ts";

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-app-crash", { "app.check.timeout": "500ms" });
});
afterAll(() => stack?.dispose());

/** Checks of a server that failed while it was up. */
async function countFailedChecks(server: string): Promise<number> {
  const [header = "", ...lines] = (await runRaw(stack.runtime, command("show stat webservers 4 -1"))).split(
    "\n",
  );
  const line = lines.find((each) => each.startsWith(`webservers,${server},`));
  return Number(line?.split(",")[header.split(",").indexOf("chkfail")]);
}

describe("a crash", () => {
  test("of an app container fails no request, and it is back in rotation by itself", async () => {
    const load = new Load(stack.url);
    await load.settle();
    await crashAndRestart(`${stack.name}-podinfo2`);
    // the process before it is gone
    await until(async () => (await get(stack.url, { "X-Balancer-Probe": "1" })).server === "s2");
    await load.settle();
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
    await until(() => stack.areAllUp());
  });

  test("of an app container that stays away takes it out within two check intervals", async () => {
    const failedBefore = await countFailedChecks("s2");
    await docker.getContainer(`${stack.name}-podinfo2`).pause();
    const start = Date.now();
    await until(async () => (await stack.servers()).get("s2")?.isUp === false, 10_000);
    expect((await countFailedChecks("s2")) - failedBefore).toBe(2);
    // 1.7 s at most where HAProxy is not kept waiting: an interval of 0.5 s, a check that waits as long, and
    // 0.2 s later another
    expect(Date.now() - start).toBeLessThan(5_000);
    expect((await get(stack.url)).status).toBe(200);
    await docker.getContainer(`${stack.name}-podinfo2`).unpause();
    await until(async () => (await stack.servers()).get("s2")?.isUp === true, 10_000);
  });
});
