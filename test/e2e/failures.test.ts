import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HAPROXY_IMAGE } from "../harness/haproxy-image.ts";
import { get, Load } from "../harness/load.ts";
import { ProjectCopy } from "../harness/project-copy.ts";
import { docker } from "../harness/running-stack.ts";
import { TestStack } from "../harness/stack.ts";
import { placeOf } from "../harness/stack-places.ts";

const project = new ProjectCopy();
const FOREIGN = "e2e-foreign";

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.create({
    name: "e2e-failures",
    project: project.folder,
    config: { count: 2 },
  });
});
afterAll(async () => {
  await stack?.dispose();
  project.remove();
});

/**
 * Fails the update, and returns what it told, long before the time-outs of minutes that it must not run into.
 */
async function refused(changes: Parameters<TestStack["tryUp"]>[0]): Promise<string> {
  const start = Date.now();
  const { exitCode, output } = await stack.tryUp(changes);
  expect(exitCode).not.toBe(0);
  expect(Date.now() - start).toBeLessThan(60_000);
  expect(output).not.toMatch(/^ +at .*\.ts:\d+/m); // no stack traces
  return output;
}

async function withForeign(
  create: () => Promise<{ remove(options: { force: boolean }): Promise<unknown> }>,
  run: () => Promise<void>,
): Promise<void> {
  const foreign = await create();
  try {
    await run();
  } finally {
    await foreign.remove({ force: true });
  }
}

describe("before anything is created", () => {
  test("every mistake in the config is told at once, with key, value and what is allowed", async () => {
    const output = await refused({
      mode: "fast",
      count: "many",
      bind: "localhost",
      balancers: 8,
      "app.readyPath": "/a b;c",
      colour: "red",
    });
    expect(output).toContain("has 6 mistakes");
    expect(output).toContain('mode: "fast" is refused; allowed: sticky or hash');
    expect(output).toContain('count: "many" is refused; allowed: a whole number from 0');
    expect(output).toMatch(/balancers: "?8"? is refused; allowed: a whole number from 1 to 7/);
    expect(output).toContain('colour: "red" is refused; allowed: no such key');
    expect(await stack.resources()).toEqual([]);
    stack.configure({
      mode: undefined,
      count: 2,
      bind: undefined,
      balancers: undefined,
      "app.readyPath": undefined,
      colour: undefined,
    });
  });

  test("an image that cannot be had is named, with its key", async () => {
    const output = await refused({ "app.image": "no-such-image/at-all:1" });
    expect(output).toMatch(
      /image no-such-image\/at-all:1 \(app\.image\) is not on the engine and cannot be pulled/,
    );
    expect(await stack.resources()).toEqual([]);
    stack.configure({ "app.image": undefined });
  });

  test("an engine that is not reachable is named, with what to do", async () => {
    const { exitCode, output } = await stack.start(["up", "--yes", "--skip-preview", "--stack", stack.name], {
      DOCKER_HOST: "unix:///no/such.sock",
    }).ended;
    expect(exitCode).not.toBe(0);
    expect(output).toContain("the Docker engine at unix:///no/such.sock is not reachable");
    expect(output).toContain("start it, or set DOCKER_HOST");
  });

  test("a subnet that another Docker network has is refused, with that network's name", async () => {
    const create = () =>
      docker.createNetwork({
        Name: FOREIGN,
        IPAM: { Driver: "default", Config: [{ Subnet: stack.subnet.replace(".0/24", ".128/25") }] },
      });
    await withForeign(create, async () => {
      const output = await refused({});
      expect(output).toMatch(
        new RegExp(`subnet ${stack.subnet} overlaps .* of Docker network ${FOREIGN}; set another subnet`),
      );
    });
  });
});

describe("while it is created", () => {
  test("a container of somebody else that has a name of ours is not touched", async () => {
    const create = () =>
      docker.createContainer({ name: stack.haproxyName, Image: "stefanprodan/podinfo:6.9.2" });
    await withForeign(create, async () => {
      const output = await refused({});
      expect(output).toMatch(
        /container name e2e-failures-haproxy1 is taken by a container of somebody else; remove it \(docker rm -f/,
      );
      await docker.getContainer(stack.haproxyName).inspect();
    });
  });

  test("a port that a process holds is named, with its key", async () => {
    const server = createServer().listen(stack.ports.stats, "127.0.0.1");
    const output = await refused({});
    server.close();
    expect(output).toContain(
      `port 127.0.0.1:${stack.ports.stats} (ports.stats) is taken by a process of this host; set another ports.stats`,
    );
  });

  test("what failed half way is carried on by the next update", async () => {
    await stack.up();
    expect((await get(stack.url)).status).toBe(200);
    expect([...(await stack.servers()).keys()]).toEqual(["s1", "s2"]);
  });
});

describe("a stack that serves", () => {
  test("a config that HAProxy refuses changes nothing, and HAProxy's own message is shown", async () => {
    const before = await stack.haproxyIdentity();
    const load = new Load(stack.url, { clients: 4 });
    const breakIt = (text: string) => text.replace("balance {{balance}}", "balance fairly");
    const output = await project.withTemplate("backends", breakIt, () => refused({ count: 3 }));
    expect(output).toContain("refuses the config");
    expect(output).toContain("balance only supports 'roundrobin'");
    expect([...(await stack.servers()).keys()]).toEqual(["s1", "s2"]);
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(await stack.haproxyIdentity()).toEqual(before);
  });

  test("what it would publish elsewhere is looked at while the old HAProxy still serves", async () => {
    const before = await stack.haproxyIdentity();
    const load = new Load(stack.url, { clients: 4 });
    const server = createServer().listen(stack.ports.stats + 1, "127.0.0.1");
    stack.configure({ "ports.stats": stack.ports.stats + 1 });
    const what = "is taken by a process of this host; set another ports.stats";
    const taken = `port 127.0.0.1:${stack.ports.stats + 1} (ports.stats) ${what}`;
    expect((await stack.preview()).output).toContain(taken);
    expect(await refused({})).toContain(taken);
    server.close();
    expect(await refused({ "ports.stats": stack.ports.stats, bind: "198.51.100.1" })).toContain(
      "this host has no address 198.51.100.1 (bind)",
    );
    stack.configure({ bind: undefined });
    const { subnet: other } = placeOf("e2e-failures-foreign");
    const create = () =>
      docker.createNetwork({ Name: FOREIGN, IPAM: { Driver: "default", Config: [{ Subnet: other }] } });
    await withForeign(create, async () => {
      expect(await refused({ subnet: other })).toContain(
        `subnet ${other} overlaps ${other} of Docker network ${FOREIGN}`,
      );
    });
    expect((await stack.preview()).output).toContain(
      `everything replaced: subnet ${stack.subnet} → ${other}`,
    );
    stack.configure({ subnet: stack.subnet });
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(await stack.haproxyIdentity()).toEqual(before);
  });

  test("servers that do not come up are named after readyTimeout, with HAProxy's words", async () => {
    const output = await refused({ count: 3, readyTimeout: "5s", "app.readyPath": "/status/503" });
    expect(output).toMatch(
      /not up within 5 s \(readyTimeout\): s1 \(e2e-failures-podinfo1, 172\.28\.104\.11:9898\): DOWN L7STS Layer7 wrong status: Service Unavailable; s2/,
    );
    await stack.up({ count: 3, readyTimeout: undefined, "app.readyPath": undefined });
    expect([...(await stack.servers()).values()].map(({ isUp }) => isUp)).toEqual([true, true, true]);
  });

  test("an image without HAProxy is found out before anything is replaced", async () => {
    const output = await refused({ haproxyImage: "stefanprodan/podinfo:6.9.2" });
    expect(output).toMatch(
      /HAProxy \(stefanprodan\/podinfo:6\.9\.2\) refuses the config: .*haproxy: not found/,
    );
    expect((await get(stack.url)).status).toBe(200);
    stack.configure({ haproxyImage: HAPROXY_IMAGE });
  });

  test("an update after a container was lost in no state clears the way", async () => {
    await stack.up({ count: 2 });
    const { Config } = await docker.getContainer(`${stack.name}-podinfo1`).inspect();
    const leftover = await docker.createContainer({
      name: `${stack.name}-podinfo3`,
      Image: Config.Image,
      Labels: Config.Labels,
    });
    await stack.up({ count: 3 });
    expect((await docker.getContainer(`${stack.name}-podinfo3`).inspect()).Id).not.toBe(leftover.id);
  });
});
