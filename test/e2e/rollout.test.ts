import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import { get, Load, type LoadResult } from "../harness/load.ts";
import { docker } from "../harness/running-stack.ts";
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

async function underLoad(change: () => Promise<unknown>): Promise<LoadResult> {
  const load = new Load(stack.url);
  try {
    await change();
  } finally {
    await load.settle();
  }
  return load.stop();
}

/** Ids of the app containers, in the order of their servers. */
async function appIds(count: number): Promise<string[]> {
  const found = Array.from(
    { length: count },
    async (_, index) => (await docker.getContainer(`${stack.name}-podinfo${index + 1}`).inspect()).Id,
  );
  return Promise.all(found);
}

/** Messages of the versions that answer. */
const messages = async (): Promise<Set<string>> => {
  const answers = await Promise.all(Array.from({ length: 40 }, () => get(stack.url)));
  return new Set(answers.map(({ body }) => /"message": "([^"]*)"/.exec(body)?.[1] ?? ""));
};

const serverNames = async () =>
  [...(await stack.servers()).values()].flatMap(({ name, isUp }) => (isUp ? [name] : [])).sort();

/** All of the stack's containers, set aside ones and the stand-in included. */
const containerNames = async (): Promise<string[]> => {
  const filters = { label: [`balancer.stack=${stack.name}`, "balancer.role=app"] };
  const found = await docker.listContainers({ all: true, filters });
  return found.map(({ Names }) => Names[0]?.slice(1) ?? "").sort();
};
const names = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${stack.name}-podinfo${index + 1}`);

/** A version that comes up everywhere but at one address. */
const badAt = (address: string): string[] => [
  "sh",
  "-c",
  `case "$(hostname -i)" in ${address}) more=--unready ;; esac; exec ./podinfo --port={port} $more`,
];

describe("an update of the app", () => {
  test("replaces one container at a time without a failed request, by the same HAProxy", async () => {
    const before = await appIds(4);
    const identity = await stack.haproxyIdentity();
    const { sent, failures, answeredBy } = await underLoad(() =>
      stack.up({ "app.env": { PODINFO_UI_MESSAGE: "second" } }),
    );
    expect(failures).toEqual([]);
    expect(sent).toBeGreaterThan(1000);
    expect(answeredBy.size).toBe(8);
    expect((await appIds(4)).filter((id) => before.includes(id))).toEqual([]);
    expect(await messages()).toEqual(new Set(["second"]));
    expect(await serverNames()).toEqual(["s1", "s2", "s3", "s4"]);
    expect(await stack.haproxyIdentity()).toEqual(identity);
  });

  test("replaces as many at a time as configured, and scales in the same update", async () => {
    const { failures } = await underLoad(() =>
      stack.up({ "app.env": { PODINFO_UI_MESSAGE: "third" }, "rollout.batch": "50%", count: 5 }),
    );
    expect(failures).toEqual([]);
    expect(await messages()).toEqual(new Set(["third"]));
    expect(await serverNames()).toEqual(["s1", "s2", "s3", "s4", "s5"]);
  });

  test("moves the app to another port", async () => {
    const { failures } = await underLoad(() =>
      stack.up({ "app.port": 9800, count: 3, "rollout.batch": undefined }),
    );
    expect(failures).toEqual([]);
    expect([...(await stack.servers()).values()].map(({ port }) => port)).toEqual([9800, 9800, 9800]);
  });

  test("of a bad version touches no container, and tells why with the last words of its stand-in", async () => {
    const before = await appIds(3);
    const result = await underLoad(async () => {
      const { exitCode, output } = await stack.tryUp({
        "app.env": { PODINFO_UI_MESSAGE: "fourth" },
        "app.command": ["./podinfo", "--port={port}", "--unready"],
      });
      expect(exitCode).not.toBe(0);
      expect(output).toMatch(
        /not up within 10 s \(readyTimeout\): standin \(e2e-rollout-standin, 172.28.105.239:9800\): DOWN L7STS/,
      );
      expect(output).toMatch(/container e2e-rollout-standin printed last: \{"level":"info"/);
      expect(output).toContain("roll-out: ended before a container that served was touched");
    });
    expect(result.failures).toEqual([]);
    expect(await appIds(3)).toEqual(before);
    expect(await messages()).toEqual(new Set(["third"]));
    expect(await containerNames()).toEqual(names(3));
    expect(await serverNames()).toEqual(["s1", "s2", "s3"]);
  });

  test("goes back by itself when a container in the middle does not come up", async () => {
    const before = await appIds(3);
    const { failures } = await underLoad(async () => {
      const { exitCode, output } = await stack.tryUp({ "app.command": badAt("172.28.105.12") });
      expect(exitCode).not.toBe(0);
      expect(output).toMatch(/not up within 10 s \(readyTimeout\): s2 \(e2e-rollout-podinfo2, /);
      expect(output).toMatch(/roll-out: went back \(s1 s2\), all containers run .*app\.env of before/);
    });
    expect(failures).toEqual([]);
    expect(await appIds(3)).toEqual(before);
    expect(await messages()).toEqual(new Set(["third"]));
    expect(await containerNames()).toEqual(names(3));
    expect(await serverNames()).toEqual(["s1", "s2", "s3"]);
  });

  test("stops there where it shall, and the next update knows what ran before", async () => {
    const before = await appIds(3);
    const { failures } = await underLoad(async () => {
      const { exitCode, output } = await stack.tryUp({ "rollout.onFailure": "stop" });
      expect(exitCode).not.toBe(0);
      expect(output).toContain("roll-out: stopped there (rollout.onFailure stop)");
      expect(await messages()).toEqual(new Set(["third", "fourth"]));
      expect((await appIds(3)).map((id) => before.includes(id))).toEqual([false, false, true]);
      expect((await stack.tryUp({ "rollout.onFailure": undefined })).output).toMatch(
        /roll-out: went back \(s1 s2\)/,
      );
    });
    expect(failures).toEqual([]);
    expect(await appIds(3)).toEqual(before);
    expect(await messages()).toEqual(new Set(["third"]));
    expect(await containerNames()).toEqual(names(3));
  });

  test("has nothing to change after the way back when the config is as before", async () => {
    const { failures } = await underLoad(() =>
      stack.up({ "app.env": { PODINFO_UI_MESSAGE: "third" }, "app.command": undefined, mode: "hash" }),
    );
    expect(failures).toEqual([]);
    expect(await serverNames()).toEqual(["s1", "s2", "s3"]);
    expect(await stack.up()).toMatch(/\d+ unchanged\s+Duration/);
  });

  test("checks the new version by its own path, and the old one by the old path", async () => {
    const { failures } = await underLoad(() =>
      stack.up({
        "app.command": ["./podinfo", "--port={port}", "--unready"],
        "app.readyPath": "/healthz",
        mode: undefined,
      }),
    );
    expect(failures).toEqual([]);
    expect(await serverNames()).toEqual(["s1", "s2", "s3"]);
    await stack.up({ "app.command": undefined, "app.readyPath": undefined });
  });

  test("replaces all at a time without a failed request", async () => {
    stack.configure({ "app.env": { PODINFO_UI_MESSAGE: "fourth" }, "rollout.batch": "100%" });
    expect((await stack.preview()).output).toContain("roll-out: 3 containers in batches of 3");
    const { failures, answeredBy } = await underLoad(() => stack.up());
    expect(failures).toEqual([]);
    // three old ones, three new ones, and the stand-in
    expect(answeredBy.size).toBe(7);
    expect(await messages()).toEqual(new Set(["fourth"]));
    expect(await containerNames()).toEqual(names(3));
  });

  test("replaces the only container without a failed request", async () => {
    await stack.up({ count: 1, "rollout.batch": undefined });
    const { failures, sent } = await underLoad(() =>
      stack.up({ "app.env": { PODINFO_UI_MESSAGE: "third" } }),
    );
    expect(failures).toEqual([]);
    expect(sent).toBeGreaterThan(300);
    expect(await messages()).toEqual(new Set(["third"]));
    expect(await containerNames()).toEqual(names(1));
  });

  test("replaces the only container when one that is added in the same update serves", async () => {
    const { failures, answeredBy } = await underLoad(() =>
      stack.up({ "app.env": { PODINFO_UI_MESSAGE: "fourth" }, count: 2 }),
    );
    expect(failures).toEqual([]);
    expect(answeredBy.size).toBe(3);
    expect(await messages()).toEqual(new Set(["fourth"]));
    expect(await serverNames()).toEqual(["s1", "s2"]);
  });

  test("does not count on a server that somebody drains", async () => {
    await runRaw(stack.runtime, command("set server webservers/s2 state drain"));
    const { failures } = await underLoad(() =>
      stack.up({ "app.command": ["./podinfo", "--port=9700"], "app.port": 9700 }),
    );
    expect(failures).toEqual([]);
    expect([...(await stack.servers()).values()].map(({ port }) => port)).toEqual([9700, 9700]);
  });

  test("touches nothing where the port is not the app's, though its command is the same", async () => {
    const { failures } = await underLoad(async () => {
      const { exitCode, output } = await stack.tryUp({ "app.port": 9701 });
      expect(exitCode).not.toBe(0);
      expect(output).toMatch(
        /not up within 10 s \(readyTimeout\): standin \(e2e-rollout-standin, [\d.]+:9701\): DOWN L4CON/,
      );
    });
    expect(failures).toEqual([]);
  });

  test("an app that ignores SIGTERM loses no request either", async () => {
    const waiting = ["sh", "-c", "trap '' TERM; ./podinfo --port={port} & while true; do wait; done"];
    await stack.up({ "app.command": waiting, "app.port": undefined, count: 2 });
    const { failures } = await underLoad(() => stack.up({ "app.env": { PODINFO_UI_MESSAGE: "fifth" } }));
    expect(failures).toEqual([]);
    expect(await messages()).toEqual(new Set(["fifth"]));
  });

  test("replaces all at once where no server is up, so that the reload at its end can mend them", async () => {
    await stack.up({ "app.command": undefined });
    for (const host of [11, 12])
      await fetch(`http://${stack.subnet.replace("0/24", String(host))}:9898/readyz/disable`, {
        method: "POST",
      });
    await until(async () => (await serverNames()).length === 0);
    stack.configure({
      "app.command": ["./podinfo", "--port={port}", "--unready"],
      "app.readyPath": "/healthz",
    });
    expect((await stack.preview()).output).toContain("roll-out: 2 containers in batches of 2");
    await stack.up();
    expect(await serverNames()).toEqual(["s1", "s2"]);
  });
});
