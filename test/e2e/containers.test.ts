import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HAPROXY_IMAGE } from "../harness/haproxy-image.ts";
import { get, Load } from "../harness/load.ts";
import { docker } from "../harness/running-stack.ts";
import { shell } from "../harness/shell.ts";
import { TestStack } from "../harness/stack.ts";

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.create({
    name: "e2e-containers",
    config: { count: 2, "app.security": "restricted" },
  });
  await stack.up();
});
afterAll(() => stack?.dispose());

const podinfo = (): string => `${stack.name}-podinfo1`;

/** What the kernel lets a process of the container do. */
async function kernelView(container: string): Promise<Record<string, string>> {
  const printed = await shell(
    container,
    "id -u; grep -E 'CapBnd|NoNewPrivs' /proc/1/status; ulimit -n; cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null; touch /x",
  );
  const [uid = "", capabilities = "", newPrivileges = "", files = "", pids = "", written = ""] =
    printed.split(/\r?\n/);
  return { uid, capabilities, newPrivileges, files, pids, written };
}

describe.each(["haproxy1", "podinfo1"])("the container of %s", (role) => {
  test("is confined: no root, no capability, no new privilege, a read-only root, and limits", async () => {
    const { uid, ...view } = await kernelView(`${stack.name}-${role}`);
    expect(Number(uid)).toBeGreaterThan(0);
    expect(view).toEqual({
      capabilities: expect.stringMatching(/^CapBnd:\s+0{16}$/),
      newPrivileges: expect.stringMatching(/^NoNewPrivs:\s+1$/),
      files: "16384",
      pids: "512",
      written: expect.stringMatching(/Read-only file system/),
    });
    const { HostConfig } = await docker.getContainer(`${stack.name}-${role}`).inspect();
    expect(HostConfig.Memory).toBe(512 * 1024 * 1024);
    expect(HostConfig.LogConfig?.Type).toBe("local"); // which is bounded
  });
});

test("an app may have more, when the config says so, and gets it by a roll-out under load", async () => {
  const load = new Load(stack.url);
  await stack.up({
    "app.user": "root",
    "app.readOnly": false,
    "app.tmpfs": ["/cache"],
    "app.capabilities": ["NET_BIND_SERVICE"],
    "app.allowPrivilegeEscalation": true,
    "app.memory": "1g",
    "app.files": 2048,
    "app.pids": 64,
  });
  await load.settle();
  const { failures } = await load.stop();
  expect(failures).toEqual([]);
  expect(await kernelView(podinfo())).toEqual({
    uid: "0",
    capabilities: expect.stringMatching(/^CapBnd:\s+0{13}400$/),
    newPrivileges: expect.stringMatching(/^NoNewPrivs:\s+0$/),
    files: "2048",
    pids: "64",
    written: "",
  });
  expect(await shell(podinfo(), "touch /cache/x && echo written")).toBe("written");
});

test("an app is as under `docker run` with its limits, unless the config restricts it", async () => {
  const { Config: made, HostConfig } = await docker.getContainer(podinfo()).inspect();
  const bare = await docker.createContainer({ Image: made.Image });
  const { Config: ofImage, HostConfig: ofDocker } = await bare.inspect().finally(() => bare.remove());
  const load = new Load(stack.url);
  await stack.up({
    "app.security": undefined,
    "app.user": undefined,
    "app.readOnly": undefined,
    "app.tmpfs": undefined,
    "app.capabilities": undefined,
    "app.allowPrivilegeEscalation": undefined,
  });
  await load.settle();
  expect((await load.stop()).failures).toEqual([]);
  expect(HostConfig.Tmpfs).toEqual({ "/cache": expect.any(String) });
  const { Config: is, HostConfig: has } = await docker.getContainer(podinfo()).inspect();
  expect(is.User).toBe(ofImage.User);
  for (const key of ["CapAdd", "CapDrop", "ReadonlyRootfs", "Tmpfs", "Privileged"] as const)
    expect(has[key] ?? [], key).toEqual(ofDocker[key] ?? []);
  expect(has.SecurityOpt ?? []).toEqual([]);
  expect(await kernelView(podinfo())).toEqual({
    uid: expect.stringMatching(/^[1-9]/),
    capabilities: expect.stringMatching(/^CapBnd:\s+00000000a80425fb$/),
    newPrivileges: expect.stringMatching(/^NoNewPrivs:\s+0$/),
    files: "2048",
    pids: "64",
    written: expect.stringMatching(/Permission denied/), // it is no root
  });
});

test("the limit of processes is changed on the running containers", async () => {
  const { State: before } = await docker.getContainer(podinfo()).inspect();
  await stack.up({ "app.pids": 100, "haproxy.pids": 200 });
  const { State: after } = await docker.getContainer(podinfo()).inspect();
  expect(after.StartedAt).toBe(before.StartedAt);
  expect((await kernelView(podinfo())).pids).toBe("100");
  expect((await kernelView(stack.haproxyName)).pids).toBe("200");
});

test("a secret of its environment reaches it, and nothing else in plain text", async () => {
  const secret = "correct-horse-battery";
  await stack.pulumi("config", "set", "--secret", "--path", "app.env.TOKEN", secret, "--stack", stack.name);
  const { exitCode } = await stack.pulumi("up", "--yes", "--skip-preview", "--stack", stack.name);
  expect(exitCode).toBe(0);
  expect(await shell(podinfo(), "echo $TOKEN")).toBe(secret);
  const files = stack.stateFiles();
  expect(files.length).toBeGreaterThan(0);
  // Pulumi rewrites these in place, and a kill meanwhile leaves a state that it cannot read.
  expect(files.filter((path) => path.endsWith(".attrs"))).toEqual([]);
  for (const path of files) expect(readFileSync(path, "utf8").includes(secret), path).toBe(false);
  expect((await stack.command("plan")).output).toBe("nothing to change\n");
  await stack.pulumi("config", "set", "--path", 'app.env["A=B"]', "x", "--stack", stack.name);
  for (const refused of [
    await stack.command("plan"),
    await stack.command("scale", "3"),
    await stack.preview(),
  ]) {
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toMatch(/app\.env: "?\[secret\]"? is refused/);
    expect(refused.output).not.toContain(secret);
  }
});

test("an image of root is refused, where the app is restricted, until the config allows it", async () => {
  const root = await docker.createContainer({ Image: HAPROXY_IMAGE, Entrypoint: ["true"] });
  try {
    await root.commit({ repo: "e2e-containers-root", changes: "USER root" });
  } finally {
    await root.remove();
  }
  try {
    stack.configure({
      "app.security": "restricted",
      "app.image": "e2e-containers-root",
      "app.port": 9898,
    });
    const { exitCode, output } = await stack.preview();
    expect(exitCode).not.toBe(0);
    expect(output).toContain(
      "image e2e-containers-root (app.image) runs as root; set app.user to another user, such as 1000, or to root to let it",
    );
    expect((await get(stack.url)).status).toBe(200);
  } finally {
    await docker.getImage("e2e-containers-root").remove();
    stack.configure({ "app.security": undefined, "app.image": undefined, "app.port": undefined });
  }
});

test("logs go where the engine sends them, when the config says so", async () => {
  stack.configure({ logDriver: "engine" });
  const { LoggingDriver } = await docker.info();
  expect((await stack.preview()).output).toContain(
    `HAProxy replaced: ${stack.haproxyName}, logDriver local → ${LoggingDriver}`,
  );
  await stack.up();
  for (const name of [stack.haproxyName, podinfo()]) {
    expect((await docker.getContainer(name).inspect()).HostConfig.LogConfig?.Type).toBe(LoggingDriver);
  }
  expect(await stack.up()).toMatch(/Resources:\s+\d+ unchanged\s+Duration/);
});
