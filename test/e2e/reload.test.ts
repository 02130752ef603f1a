import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readConfig } from "../../src/docker/config-volume.ts";
import { labelsOf } from "../../src/docker/labels.ts";
import { stateFileIn } from "../../src/docker/state-file.ts";
import { movedShare } from "../../src/haproxy/hash-ring.ts";
import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import { HAPROXY_IMAGE } from "../harness/haproxy-image.ts";
import { get, Load } from "../harness/load.ts";
import { ProjectCopy } from "../harness/project-copy.ts";
import { exchange } from "../harness/raw-socket.ts";
import { docker } from "../harness/running-stack.ts";
import { EchoSocket } from "../harness/sockets.ts";
import { TestStack } from "../harness/stack.ts";
import { until } from "../harness/until.ts";

const project = new ProjectCopy();
let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.create({ name: "e2e-reload", project: project.folder });
  await stack.up();
});
afterAll(async () => {
  await stack?.dispose();
  project.remove();
});

/** Updates under load, and tells what was in flight meanwhile. */
async function updateUnderLoad(changes: Parameters<TestStack["up"]>[0]): Promise<string> {
  const load = new Load(stack.url);
  const output = await stack.up(changes);
  await load.settle();
  const { failures } = await load.stop();
  expect(failures).toEqual([]);
  return output;
}

describe("a change that the runtime API cannot express", () => {
  test("is announced by preview, with the key", async () => {
    stack.configure({ mode: "hash" });
    expect((await stack.preview()).output).toContain("reload: mode sticky → hash");
  });

  test("is applied by a reload: no request fails, WebSockets live on, the container stays", async () => {
    const before = await stack.haproxyIdentity();
    const sockets = await Promise.all(["a", "b", "c", "d"].map((id) => EchoSocket.open(stack.url, id)));
    await updateUnderLoad({ mode: "hash" });
    const after = await stack.haproxyIdentity();
    expect({ ...after, pid: before.pid }).toEqual(before);
    expect(after.pid).not.toBe(before.pid);
    const echoes = sockets.map((socket) => socket.echoes);
    await until(async () => sockets.every((socket, index) => socket.echoes > (echoes[index] ?? 0) + 3));
    for (const socket of sockets) {
      expect(socket.wasClosed).toBe(false);
      socket.end();
    }
    expect((await get(stack.url)).cookie).toBeUndefined();
    expect(await stack.up()).toMatch(/\d+ unchanged\s+Duration/);
  });

  test("in hash mode preview tells the share of sessions that an added server takes", async () => {
    const before = [...(await stack.servers()).values()];
    stack.configure({ count: 4 });
    const { output } = await stack.preview();
    await stack.up();
    const after = [...(await stack.servers()).values()];
    // test/haproxy/probe.test.ts proves that a real HAProxy moves this share
    expect(output).toContain(
      `sessions: ${(100 * movedShare(before, after)).toFixed(1)} % move to another server`,
    );
  });

  test("may come with servers added and an update of the app, under load", async () => {
    const output = await updateUnderLoad({
      mode: "sticky",
      count: 5,
      "app.env": { PODINFO_UI_MESSAGE: "new" },
    });
    expect(output).toMatch(/reload: config/);
    expect(
      [...(await stack.servers()).values()].every(({ isUp, cookie, name }) => isUp && cookie === name),
    ).toBe(true);
    await updateUnderLoad({ count: 4, "app.readyPath": "/healthz" });
    expect((await stack.servers()).size).toBe(4);
  });
});

describe("a template of the user's", () => {
  const request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const servedBy = async () => /^x-served-by: (.*)\r$/im.exec(await exchange(stack.ports.http, request))?.[1];

  test("is loaded by a reload, kept in step without one, and refused where that could not be", async () => {
    const addHeader = (text: string) =>
      text.replace("    option httpchk", "    http-response set-header X-Served-By shop\n    option httpchk");
    await project.withTemplate("backends", addHeader, async () => {
      expect((await stack.preview()).output).toContain("reload: 1 lines of haproxy.cfg");
      await updateUnderLoad({});
      expect(await servedBy()).toBe("shop");
      const before = await stack.haproxyIdentity();
      await updateUnderLoad({ count: 5 });
      expect([await stack.haproxyIdentity(), await servedBy()]).toEqual([before, "shop"]);
    });
    const dropServers = (text: string) => text.replace("server {{name}} {{arguments}}", "");
    const { exitCode, output } = await project.withTemplate("backends", dropServers, () => stack.tryUp());
    expect(exitCode).not.toBe(0);
    expect(output).toMatch(/without what keeps it in step[\s\S]*server s1 /);
    expect(await servedBy()).toBe("shop");
    await updateUnderLoad({ count: 4 });
    expect(await servedBy()).toBeUndefined();
  });
});

describe("a check that the running containers refuse", () => {
  test("is announced as tried first, is not loaded, fails no request, and its file goes", async () => {
    const [before, file] = [await stack.haproxyIdentity(), await fileText()];
    const load = new Load(stack.url);
    const sockets = await Promise.all(["a", "b", "c", "d"].map((id) => EchoSocket.open(stack.url, id)));
    stack.configure({ "app.readyPath": "/nope" });
    const { output: plan } = await stack.preview();
    expect(plan).toContain("check: app.readyPath /nope is tried on s1 s2 s3 s4 first");
    expect(plan).toContain("reload: app.readyPath /healthz → /nope");
    const { exitCode, output } = await stack.tryUp();
    expect(exitCode).not.toBe(0);
    const answers =
      /app\.readyPath \/nope: s1 \(e2e-reload-podinfo1, [\d.]+:9898\) answers 404 for \/nope; s2 /;
    expect(output).toMatch(answers);
    expect(output).toMatch(/; s4 .*; the old worker serves on, with its config in volume/);
    // a HAProxy that is replaced would begin with it
    expect((await stack.tryUp({ "haproxy.files": 20_000 })).output).toMatch(answers);
    stack.configure({ "haproxy.files": undefined });
    await load.settle();
    expect((await load.stop()).failures).toEqual([]);
    expect(sockets.map(({ wasClosed }) => wasClosed)).toEqual([false, false, false, false]);
    for (const socket of sockets) socket.end();
    expect(await stack.haproxyIdentity()).toEqual(before);
    expect(await fileText()).toBe(file);
  });

  test("gives way to one that they pass, also after an update that was killed in a reload", async () => {
    const dead = (await stateText()).replaceAll(/( s\d+ [\d.]+) 2 /g, "$1 0 ");
    expect(dead).toMatch(/ s1 [\d.]+ 0 /);
    await stateFileIn(docker, stack.haproxyName).write(dead);
    const output = await updateUnderLoad({ "app.readyPath": "/readyz" });
    expect(output).toContain("app.readyPath /readyz tried: s1 s2 s3 s4 pass");
    expect([...(await stack.servers()).keys()].sort()).toEqual(["s1", "s2", "s3", "s4"]);
  });
});

describe("a reload that HAProxy refuses", () => {
  test("leaves the old worker and the old file, and tells HAProxy's message", async () => {
    const before = await stack.haproxyIdentity();
    const load = new Load(stack.url, { clients: 4 });
    // haproxy -c accepts it; only a worker that starts finds that the container has no such limit.
    const askTooMuch = (text: string) =>
      text.replace("hard-stop-after 10m", "hard-stop-after 10m\n    maxconn 100000");
    const { exitCode, output } = await project.withTemplate("global", askTooMuch, () => stack.tryUp());
    expect(exitCode).not.toBe(0);
    expect(output).toMatch(/refused to reload: .*Cannot raise FD limit/);
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(await stack.haproxyIdentity()).toEqual(before);
    expect(await fileText()).not.toContain("maxconn 100000");
    expect(await stack.up()).toMatch(/Resources:/);
    expect((await get(stack.url)).status).toBe(200);
  });
});

const fileText = async (): Promise<string | undefined> =>
  readConfig(docker, {
    volumeName: `${stack.haproxyName}-config`,
    image: HAPROXY_IMAGE,
    peerName: "haproxy1",
    labels: labelsOf(stack.name, "test", "config-check"),
  });

const stateText = (): Promise<string> => runRaw(stack.runtime, command("show servers state webservers"));
