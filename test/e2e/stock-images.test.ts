import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { underLoad } from "../harness/app-versions.ts";
import { exampleConfig } from "../harness/example.ts";
import { HAPROXY_IMAGE } from "../harness/haproxy-image.ts";
import { get, Load } from "../harness/load.ts";
import { buildNodeApp, removeImage } from "../harness/node-app.ts";
import { TestStack } from "../harness/stack.ts";

/** Not the example's name: what a user may have by it is not touched. */
const ROOT_APP = "e2e-stock-images-root-app";
const ROOT = { ...exampleConfig("root"), "app.image": ROOT_APP };

let stack: TestStack;

afterAll(async () => {
  await stack?.dispose();
  await removeImage(ROOT_APP);
});

beforeAll(async () => {
  await buildNodeApp(ROOT_APP, new URL("../../examples/root/app.mjs", import.meta.url), [
    "USER root",
    "EXPOSE 80",
  ]);
  stack = await TestStack.create({ name: "e2e-stock-images", config: { count: 2 } });
});

describe("what runs under docker run", () => {
  test("runs by its name alone: a stock nginx", async () => {
    await stack.up({ "app.image": exampleConfig("nginx")["app.image"] });
    const { status, body } = await get(stack.url);
    expect([status, body]).toEqual([200, expect.stringContaining("Welcome to nginx!")]);
    expect((await stack.command("status")).exitCode).toBe(0);
    expect((await stack.command("plan")).output).toBe("nothing to change\n");
  });

  test("has a site of the user's in place of its own, by a roll-out under load", async () => {
    const { failures } = await underLoad(stack, () => stack.up(exampleConfig("nginx")));
    expect(failures).toEqual([]);
    expect((await get(stack.url)).body).toContain("<h1>Open all night</h1>");
  });

  test("needs its port where the image exposes none, before anything is touched", async () => {
    stack.configure({ "app.image": HAPROXY_IMAGE });
    const words = `the TCP port on which the app listens, since image ${HAPROXY_IMAGE} exposes no TCP port`;
    for (const refused of [await stack.command("plan"), await stack.preview(), await stack.tryUp()]) {
      expect(refused.exitCode).not.toBe(0);
      expect(refused.output.replaceAll(/\s+/g, " ")).toContain(words);
    }
    expect((await get(stack.url)).status).toBe(200);
  });

  test("takes the place of podinfo under load: another image, port, command, path and statuses", async () => {
    await stack.up({ "app.image": undefined, "app.files": undefined });
    expect((await get(`${stack.url}/healthz`)).status).toBe(200);
    stack.configure(ROOT);
    stack.configure({ mode: undefined });
    const load = new Load(stack.url, { path: "/healthz" });
    await stack.up();
    await load.settle();
    expect((await load.stop()).failures).toEqual([]);
    const servers = [...(await stack.servers()).values()];
    expect(servers.map(({ port, isUp, isChecked }) => ({ port, isUp, isChecked }))).toEqual(
      Array(2).fill({ port: 80, isUp: true, isChecked: true }),
    );
    expect((await stack.command("plan")).output).toBe("nothing to change\n");
  });

  test("and goes again, with more of them and in another mode", async () => {
    const load = new Load(stack.url, { path: "/healthz" });
    await stack.up({ "app.image": undefined, count: 3, mode: "hash" });
    await load.settle();
    expect((await load.stop()).failures).toEqual([]);
    expect((await stack.command("status")).exitCode).toBe(0);
  });

  test("an app of root on port 80 writes, and becomes another user, in hash mode", async () => {
    await stack.up(ROOT);
    const visits = await Promise.all(
      [1, 2, 3].map(() => get(`${stack.url}/visit`, { "X-Session-ID": "one" })),
    );
    expect(visits.map(({ body }) => JSON.parse(body)).toSorted((a, b) => a.visits - b.visits)).toEqual(
      [1, 2, 3].map((count) => ({ user: 0, helper: 65_534, visits: count })),
    );
    expect((await get(stack.url)).status).toBe(404);
    expect((await stack.command("status")).exitCode).toBe(0);
  });
});
