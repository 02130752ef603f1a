import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleConfig } from "../harness/example.ts";
import { buildNodeApp, removeImage } from "../harness/node-app.ts";
import { TestStack } from "../harness/stack.ts";

/** Not the example's name: what a user may have by it is not touched. */
const APP = "e2e-long-polling-app";
const ids = Array.from({ length: 30 }, (_, n) => `client-${n}`);

let stack: TestStack;

beforeAll(async () => {
  await buildNodeApp(APP, new URL("../../examples/long-polling/app.mjs", import.meta.url), ["EXPOSE 3000"]);
  stack = await TestStack.create({
    name: "e2e-long-polling",
    config: { ...exampleConfig("long-polling"), "app.image": APP, count: 2, drainTimeout: "5s" },
  });
  await stack.up();
});
afterAll(async () => {
  await stack?.dispose();
  await removeImage(APP);
});

const ask = async (path: string, id: string, more = ""): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`${stack.url}${path}?sid=${id}${more}`, { method: "POST" });
  return { status: response.status, body: await response.json() };
};

test.each(["sticky", "hash"])("in mode %s each message reaches the poll that waits for it", async (mode) => {
  await stack.up({ mode });
  for (const id of ids) expect((await ask("/open", id)).status).toBe(200);
  const polls = ids.map((id) => ask("/poll", id));
  for (const id of ids) expect(await ask("/send", id, `&text=to-${id}`)).toEqual({ status: 200, body: {} });
  expect(await Promise.all(polls)).toEqual(ids.map((id) => ({ status: 200, body: [`to-${id}`] })));
});

test("polls under way outlive scaling up and down, and sticky sessions stay where they are", async () => {
  await stack.up({ mode: "sticky" });
  for (const id of ids) await ask("/open", id);
  const polls = ids.map((id) => ask("/poll", id));
  await stack.up({ count: 4 });
  for (const id of ids) expect((await ask("/send", id, "&text=up")).status).toBe(200);
  expect((await Promise.all(polls)).map(({ body }) => body)).toEqual(ids.map(() => ["up"]));
  await stack.up({ count: 2 });
  for (const id of ids) expect((await ask("/send", id, "&text=down")).status).toBe(200);
  expect((await ask("/poll", ids[0] ?? "")).body).toEqual(["down"]);
});
