import { afterAll, beforeAll, expect, test } from "vitest";
import { DirectStack } from "../harness/direct-stack.ts";
import { get } from "../harness/load.ts";
import { buildNodeApp, removeImage } from "../harness/node-app.ts";

const APP = "e2e-app-with-check";
const CHECKED = {
  "app.readyPath": "/health",
  "app.check.host": "shop.example.com",
  "app.check.status": "200,418",
} as const;

let stack: DirectStack;

beforeAll(async () => {
  await buildNodeApp(APP, new URL("../harness/checked-app.mjs", import.meta.url));
  stack = await DirectStack.create("direct-app-check", {
    ...{ "app.image": APP, "app.port": "3000", "app.command": [], count: 2, ...CHECKED },
  });
});
afterAll(async () => {
  await stack?.dispose();
  await removeImage(APP);
});

test("an app is up that is ready for its own name, after 600 ms, with a status of its own", async () => {
  const servers = await stack.servers(1);
  expect([...servers.values()].map(({ isUp }) => isUp)).toEqual([true, true]);
});

test("another host or status that the app does not pass is refused before the reload", async () => {
  await stack.declare({ "app.check.host": "www.example.com" });
  await expect(stack.sync()).rejects.toThrow(
    /^app\.readyPath \/health, app\.check\.host www\.example\.com, .*status 200,418: s1 .* answers 404/,
  );
  await stack.declare({ ...CHECKED, "app.check.status": "200-299" });
  await expect(stack.sync()).rejects.toThrow(
    /^app\.readyPath \/health, app\.check\.host shop\.example\.com, .*status 200-299: s1 .* answers 418/,
  );
  expect((await get(stack.url)).status).toBe(200);
  await stack.declare({ ...CHECKED, "app.check.status": "400-499" });
  expect(await stack.sync()).toContain(
    "app.readyPath /health, app.check.host shop.example.com, app.check.status 400-499 tried: s1 s2 pass",
  );
  expect((await get(stack.url)).status).toBe(200);
});

test("no more than app.maxConnections requests reach a container at a time", async () => {
  const flood = () => Promise.all(Array.from({ length: 60 }, (_, n) => get(`${stack.url}/${n}`)));
  const mostAtATime = async () => {
    const told = await Promise.all([1, 2].map(() => get(`${stack.url}/most`)));
    return Math.max(...told.map(({ body }) => Number(body)));
  };
  await stack.update({ "app.maxConnections": "3", "app.check.interval": "5s", balance: "leastconn" });
  expect((await flood()).filter(({ status }) => status !== 200)).toEqual([]);
  expect(await mostAtATime()).toBe(3);
  await stack.update({ "app.maxConnections": "0" });
  expect((await flood()).filter(({ status }) => status !== 200)).toEqual([]);
  expect(await mostAtATime()).toBeGreaterThan(3);
});
