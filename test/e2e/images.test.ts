import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { buildImage, shortImageId } from "../harness/built-image.ts";
import { DockerFolder } from "../harness/docker-folder.ts";
import { HAPROXY_IMAGE } from "../harness/haproxy-image.ts";
import { ImageRegistry } from "../harness/image-registry.ts";
import { Load } from "../harness/load.ts";
import { docker } from "../harness/running-stack.ts";
import { TestStack } from "../harness/stack.ts";
import { startProgram } from "../harness/started-program.ts";

const PODINFO = "stefanprodan/podinfo:6.9.2";
const APP = "e2e-images-app:dev";
const HAPROXY = "e2e-images-haproxy:dev";

let stack: TestStack;
let registry: ImageRegistry;

/** The images of the app containers, as they run. */
const running = async (): Promise<string[]> => {
  const servers = [...(await stack.servers()).keys()];
  const names = servers.map((name) => `${stack.name}-podinfo${name.slice(1)}`);
  const found = await Promise.all(names.map((name) => docker.getContainer(name).inspect()));
  return found.map(({ Image }) => Image.slice(7, 19));
};

const planLines = async (): Promise<string[]> => (await stack.command("plan")).output.trim().split("\n");

beforeAll(async () => {
  registry = await ImageRegistry.start();
  await buildImage(APP, PODINFO, "1");
  await buildImage(HAPROXY, HAPROXY_IMAGE, "1");
  stack = await TestStack.create({
    name: "e2e-images",
    config: { count: 2, balancers: 2, "app.image": APP, "app.port": 9898, haproxyImage: HAPROXY },
  });
  await stack.up();
});
afterAll(async () => {
  await stack?.dispose();
  await registry?.stop();
  const images = await docker.listImages({
    filters: { reference: ["e2e-images-*", "127.0.0.1:*/e2e-images"] },
  });
  for (const { Id } of images) await docker.getImage(Id).remove({ force: true });
});

describe("a reference that names another image now", () => {
  test("is told with both ids, and rolled out without a failed request", async () => {
    expect((await stack.command("status")).exitCode).toBe(0);
    const before = await shortImageId(APP);
    const after = await buildImage(APP, PODINFO, "2");
    const told = [`image: app.image ${APP} (${before} → ${after})`, "roll-out: 2 containers in batches of 1"];
    expect(await planLines()).toEqual(told);
    const { output } = await stack.preview();
    for (const line of told) expect(output).toContain(line);
    const load = new Load(stack.url, { clients: 4 });
    await stack.up({ count: 3 });
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
    expect(await running()).toEqual([after, after, after]);
    expect(await planLines()).toEqual(["nothing to change"]);
    expect((await stack.command("status")).exitCode).toBe(0);
  });

  test("of HAProxy is told too, and one balancer is replaced after the other", async () => {
    const before = await shortImageId(HAPROXY);
    const after = await buildImage(HAPROXY, HAPROXY_IMAGE, "2");
    expect(await planLines()).toEqual(
      [1, 2].map(
        (n) => `HAProxy replaced: ${stack.haproxyNameOf(n)}, haproxyImage ${HAPROXY} (${before} → ${after})`,
      ),
    );
    const output = await stack.up();
    const [first, second] = [1, 2].map((n) => output.indexOf(`${stack.haproxyNameOf(n)} deleting original`));
    expect(output.indexOf(`${stack.haproxyNameOf(1)}-serving updated`)).toBeGreaterThan(first ?? -1);
    expect(output.indexOf(`${stack.haproxyNameOf(1)}-serving updated`)).toBeLessThan(second ?? -1);
    const found = await docker.getContainer(stack.haproxyName).inspect();
    expect(found.Image).toContain(after);
    expect(await planLines()).toEqual(["nothing to change"]);
  });

  test("that is taken away while its containers run has to be had again, and nothing else", async () => {
    await docker.getImage(APP).tag({ repo: "e2e-images-kept", tag: "1" });
    await docker.getImage(APP).remove();
    expect(await planLines()).toEqual([`pull: app.image ${APP}`]);
    const { exitCode, output } = await stack.tryUp();
    expect(exitCode).not.toBe(0);
    expect(output).toContain(`image ${APP} (app.image) is not on the engine and cannot be pulled`);
    await docker.getImage("e2e-images-kept:1").tag({ repo: "e2e-images-app", tag: "dev" });
    expect(await planLines()).toEqual(["nothing to change"]);
  });

  test("does not mix versions silently: status tells which container runs which", async () => {
    const [image = ""] = await running();
    const name = `${stack.name}-podinfo2`;
    const { Config, HostConfig, NetworkSettings } = await docker.getContainer(name).inspect();
    await docker.getContainer(name).remove({ force: true });
    const IPAMConfig = NetworkSettings.Networks[`${stack.name}-balancer`]?.IPAMConfig;
    const other = await docker.createContainer({
      ...{ name, Image: PODINFO, Labels: Config.Labels, Cmd: Config.Cmd, HostConfig },
      NetworkingConfig: { EndpointsConfig: { [`${stack.name}-balancer`]: { IPAMConfig } } },
    });
    await other.start();
    const old = await shortImageId(PODINFO);
    const { exitCode, output } = await stack.command("status", "--json");
    expect(exitCode).toBe(1);
    for (const balancer of JSON.parse(output))
      expect(balancer.servers).toMatchObject([
        { name: "s1", drift: expect.stringContaining(`image ${image}`) },
        { name: "s2", drift: expect.stringContaining(`image ${old}`) },
        { name: "s3", drift: expect.stringContaining(`image ${image}`) },
      ]);
    expect(await planLines()).toEqual(
      expect.arrayContaining([
        `image: app.image ${APP} (${old} → ${image})`,
        "roll-out: 1 container in batches of 1",
      ]),
    );
    await stack.up();
    expect(await running()).toEqual([image, image, image]);
    expect((await stack.command("status")).exitCode).toBe(0);
  });
});

describe("app.pull", () => {
  const dev = () => `${registry.host}/e2e-images:dev`;

  test("always takes what the registry has at each up, before the plan is made", async () => {
    const first = await buildImage("e2e-images-new:1", PODINFO, "3");
    await registry.publish(docker, "e2e-images-new:1");
    await stack.up({ "app.image": dev(), "app.pull": "always" });
    expect(await running()).toEqual([first, first, first]);
    const second = await buildImage("e2e-images-new:2", PODINFO, "4");
    await registry.publish(docker, "e2e-images-new:2");
    const { pulls } = registry;
    expect(await planLines()).toEqual(["nothing to change"]);
    expect((await stack.preview()).exitCode).toBe(0);
    expect(registry.pulls).toBe(pulls);
    await stack.up({ count: 4 });
    expect(registry.pulls).toBeGreaterThan(pulls);
    expect(await running()).toEqual([second, second, second, second]);
  });

  test("missing leaves the registry alone", async () => {
    const { pulls } = registry;
    await buildImage("e2e-images-new:3", PODINFO, "5");
    await registry.publish(docker, "e2e-images-new:3");
    const before = await running();
    await stack.up({ "app.pull": undefined });
    expect(registry.pulls).toBe(pulls);
    expect(await running()).toEqual(before);
  });

  test("an image is pulled by a plan that has to know its port, and by no other", async () => {
    const container = await docker.createContainer({ Image: PODINFO });
    await container.commit({ repo: "e2e-images-port", tag: "1", changes: "EXPOSE 9898" });
    await container.remove();
    await registry.publish(docker, "e2e-images-port:1");
    const reference = `${registry.host}/e2e-images:port`;
    const { pulls } = registry;
    stack.configure({ "app.image": reference, "app.pull": undefined });
    expect(await planLines()).toContain(`pull: app.image ${reference}`);
    expect(registry.pulls).toBe(pulls);
    stack.configure({ "app.port": undefined });
    const told = await planLines();
    expect(told).not.toContain(`pull: app.image ${reference}`);
    expect(told).toContain("roll-out: 4 containers in batches of 1");
    expect(registry.pulls).toBeGreaterThan(pulls);
    stack.configure({ "app.image": dev(), "app.port": 9898, "app.pull": "always" });
  });

  test("always fails before anything is touched where the registry does not answer", async () => {
    const before = await running();
    await registry.stop();
    const { exitCode, output } = await stack.tryUp({ "app.pull": "always" });
    expect(exitCode).not.toBe(0);
    expect(output).toMatch(
      /image \S+ \(app\.image\) cannot be pulled: .*; correct app\.image, or set app\.pull to missing/,
    );
    expect(await running()).toEqual(before);
  });
});

describe("a registry that wants a login", () => {
  const SECRET = "open:sesame";
  const platform = "linux/arm64/v8";
  let closed: ImageRegistry;
  beforeAll(async () => {
    closed = await ImageRegistry.start(`ali:${SECRET}`);
    stack.configure({ "app.pull": undefined });
  });
  afterAll(async () => closed?.stop());
  afterEach(() => void vi.unstubAllEnvs());

  /** Has the docker command's files elsewhere than this user has them. */
  function dockerFolder(config: object): DockerFolder {
    const folder = new DockerFolder(config);
    for (const [name, value] of Object.entries(folder.env)) vi.stubEnv(name, value);
    return folder;
  }

  test("is named with what to do, before anything is touched", async () => {
    using _folder = dockerFolder({});
    const before = await running();
    await buildImage("e2e-images-new:4", PODINFO, "6");
    await closed.publish(docker, "e2e-images-new:4");
    const { exitCode, output } = await stack.tryUp({ "app.image": `${closed.host}/e2e-images:1` });
    expect(exitCode).not.toBe(0);
    expect(output).toContain(`docker is not logged in to ${closed.host}`);
    expect(output).toContain(
      `log in with: docker login ${closed.host}, correct app.image, or load the image`,
    );
    expect(await running()).toEqual(before);
  });

  test("lets in who docker login let in: an image by its digest, for another platform", async () => {
    using folder = dockerFolder({});
    const login = ["login", "--username", "ali", "--password", SECRET, closed.host];
    const place = { cwd: stack.folder, env: process.env };
    expect((await startProgram("docker", login, place).ended).output).toContain("Login Succeeded");
    const own = await closed.publish(docker, "e2e-images-new:4");
    const image = `${closed.host}/e2e-images:4@${own.digest}`;
    expect((await planLines())[0]).toBe(`pull: app.image ${closed.host}/e2e-images:1`);
    await stack.up({ "app.image": image });
    expect(new Set(await running())).toEqual(new Set([own.id.slice(7, 19)]));
    const other = await closed.publish(docker, "e2e-images-new:4", { architecture: "arm64", variant: "v8" });
    const otherImage = `${closed.host}/e2e-images@${other.digest}`;
    stack.configure({ "app.image": otherImage, "app.platform": platform });
    expect(await planLines()).toContain(`pull: app.image ${otherImage} for ${platform}`);
    const output = await stack.up();
    expect(output).not.toContain(SECRET);
    expect(new Set(await running())).toEqual(new Set([other.id.slice(7, 19)]));
    expect(await planLines()).toEqual(["nothing to change"]);
    expect((await stack.command("status")).exitCode).toBe(0);
    folder.write("config.json", "{}");
    const refused = await stack.tryUp({ "app.platform": "linux/amd64" });
    const told = `image ${otherImage} (app.image) is for ${platform}, not for linux/amd64; set app.platform`;
    expect(refused.output).toContain(told);
    stack.configure({ "app.platform": platform });
  });

  test("lets in whom a credential helper knows", async () => {
    using folder = dockerFolder({ credHelpers: { [closed.host]: "test" } });
    folder.addHelper(
      "test",
      `[ "$server" = ${closed.host} ] && echo '{"Username":"ali","Secret":"${SECRET}"}'`,
    );
    const { pulls } = closed;
    const before = await running();
    await stack.up({ "app.image": `${closed.host}/e2e-images:5`, "app.pull": "always" });
    expect(closed.pulls).toBeGreaterThan(pulls);
    expect(await running()).toEqual(before);
    folder.addHelper("test", `echo ${SECRET}; exit 1`);
    const { exitCode, output } = await stack.tryUp();
    expect(exitCode).not.toBe(0);
    expect(output).toContain("docker-credential-test get ended with exit code 1");
    expect(output).not.toContain(SECRET);
  });
});
