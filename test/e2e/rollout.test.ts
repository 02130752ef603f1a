import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import * as versions from "../harness/app-versions.ts";
import { TestStack } from "../harness/stack.ts";
import { until } from "../harness/until.ts";

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.create({
    name: "e2e-rollout",
    config: { count: 4, readyTimeout: "10s" },
  });
  await stack.up();
});
afterAll(() => stack?.dispose());

describe("an update of the app", () => {
  test("replaces one container at a time without a failed request, by the same HAProxy", async () => {
    const before = await versions.appIds(stack, 4);
    const identity = await stack.haproxyIdentity();
    const { failures, answeredBy } = await versions.underLoad(stack, () =>
      stack.up({ "app.env": { PODINFO_UI_MESSAGE: "second" } }),
    );
    expect(failures).toEqual([]);
    expect(answeredBy.size).toBe(8);
    expect((await versions.appIds(stack, 4)).filter((id) => before.includes(id))).toEqual([]);
    expect(await versions.messages(stack)).toEqual(new Set(["second"]));
    expect(await versions.upServers(stack)).toEqual(["s1", "s2", "s3", "s4"]);
    expect(await stack.haproxyIdentity()).toEqual(identity);
  });

  test("replaces as many at a time as configured, and scales in the same update", async () => {
    const { failures } = await versions.underLoad(stack, () =>
      stack.up({ "app.env": { PODINFO_UI_MESSAGE: "third" }, "rollout.batch": "50%", count: 5 }),
    );
    expect(failures).toEqual([]);
    expect(await versions.messages(stack)).toEqual(new Set(["third"]));
    expect(await versions.upServers(stack)).toEqual(["s1", "s2", "s3", "s4", "s5"]);
  });

  test("moves the app to another port", async () => {
    const { failures } = await versions.underLoad(stack, () =>
      stack.up({ "app.port": 9800, count: 3, "rollout.batch": undefined }),
    );
    expect(failures).toEqual([]);
    expect([...(await stack.servers()).values()].map(({ port }) => port)).toEqual([9800, 9800, 9800]);
  });

  test("checks the new version by its own path, and the old one by the old path", async () => {
    const { failures } = await versions.underLoad(stack, () =>
      stack.up({
        "app.command": ["./podinfo", "--port={port}", "--unready"],
        "app.readyPath": "/healthz",
      }),
    );
    expect(failures).toEqual([]);
    expect(await versions.upServers(stack)).toEqual(["s1", "s2", "s3"]);
    await stack.up({ "app.command": undefined, "app.readyPath": undefined });
  });

  test("replaces all at a time without a failed request", async () => {
    stack.configure({ "app.env": { PODINFO_UI_MESSAGE: "fourth" }, "rollout.batch": "100%" });
    expect((await stack.preview()).output).toContain("roll-out: 3 containers in batches of 3");
    const { failures, answeredBy } = await versions.underLoad(stack, () => stack.up());
    expect(failures).toEqual([]);
    // three old ones, three new ones, and the stand-in
    expect(answeredBy.size).toBe(7);
    expect(await versions.messages(stack)).toEqual(new Set(["fourth"]));
    expect(await versions.containers(stack)).toEqual(versions.containersOf(stack, 3));
  });

  test("replaces the only container without a failed request", async () => {
    await stack.up({ count: 1, "rollout.batch": undefined });
    const { failures } = await versions.underLoad(stack, () =>
      stack.up({ "app.env": { PODINFO_UI_MESSAGE: "third" } }),
    );
    expect(failures).toEqual([]);
    expect(await versions.messages(stack)).toEqual(new Set(["third"]));
    expect(await versions.containers(stack)).toEqual(versions.containersOf(stack, 1));
  });

  test("replaces the only container when one that is added in the same update serves", async () => {
    const { failures, answeredBy } = await versions.underLoad(stack, () =>
      stack.up({ "app.env": { PODINFO_UI_MESSAGE: "fourth" }, count: 2 }),
    );
    expect(failures).toEqual([]);
    expect(answeredBy.size).toBe(3);
    expect(await versions.messages(stack)).toEqual(new Set(["fourth"]));
    expect(await versions.upServers(stack)).toEqual(["s1", "s2"]);
  });

  test("does not count on a server that somebody drains", async () => {
    await runRaw(stack.runtime, command("set server webservers/s2 state drain"));
    const { failures } = await versions.underLoad(stack, () =>
      stack.up({ "app.command": ["./podinfo", "--port=9700"], "app.port": 9700 }),
    );
    expect(failures).toEqual([]);
    expect([...(await stack.servers()).values()].map(({ port }) => port)).toEqual([9700, 9700]);
  });

  test("an app that ignores SIGTERM loses no request either", async () => {
    const waiting = ["sh", "-c", "trap '' TERM; ./podinfo --port={port} & while true; do wait; done"];
    await stack.up({ "app.command": waiting, "app.port": undefined, count: 2, "rollout.batch": "100%" });
    const { failures } = await versions.underLoad(stack, () =>
      stack.up({ "app.env": { PODINFO_UI_MESSAGE: "fifth" } }),
    );
    expect(failures).toEqual([]);
    expect(await versions.messages(stack)).toEqual(new Set(["fifth"]));
  });

  test("replaces all at once where no server is up, so that the reload can mend them", async () => {
    await stack.up({ "app.command": undefined });
    for (const host of [11, 12])
      await fetch(`http://${stack.subnet.replace("0/24", String(host))}:9898/readyz/disable`, {
        method: "POST",
      });
    await until(async () => (await versions.upServers(stack)).length === 0);
    stack.configure({
      "app.command": ["./podinfo", "--port={port}", "--unready"],
      "app.readyPath": "/healthz",
    });
    expect((await stack.preview()).output).toContain("roll-out: 2 containers in batches of 2");
    await stack.up();
    expect(await versions.upServers(stack)).toEqual(["s1", "s2"]);
  });
});
