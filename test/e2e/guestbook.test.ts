import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleConfig } from "../harness/example.ts";
import { removeNamed } from "../harness/labelled.ts";
import { get, Load } from "../harness/load.ts";
import { buildNodeApp, removeImage } from "../harness/node-app.ts";
import { docker } from "../harness/running-stack.ts";
import { shell } from "../harness/shell.ts";
import { TestStack } from "../harness/stack.ts";
import { until } from "../harness/until.ts";

const NAME = "e2e-guestbook";
/** A container and a network that no user has. On that network it has the name that the example gives it. */
const [DATABASE, NETWORK] = [`${NAME}-database`, `${NAME}-network`];
const DATABASE_IMAGE = "postgres:18";
/** Beside the example: what a user may have by its name is not touched. */
const APP = `${NAME}-app`;
const PASSWORD = "correct-horse-battery";

const EXAMPLE = exampleConfig("guestbook");
const OWN = { "app.image": APP, "app.networks": [NETWORK] };
const envOf = (more: Readonly<Record<string, string>>) => ({
  ...Object(EXAMPLE["app.env"]),
  ...{ PGPASSWORD: PASSWORD, ...more },
});

let stack: TestStack;

const removeDatabase = () => removeNamed(docker, { containers: [DATABASE], networks: [NETWORK] });

/** What the example's comment says, as a user would type it. */
async function startDatabase(): Promise<void> {
  await docker.createNetwork({ Name: NETWORK });
  const container = await docker.createContainer({
    ...{ name: DATABASE, Image: DATABASE_IMAGE, Env: [`POSTGRES_PASSWORD=${PASSWORD}`] },
    HostConfig: { NetworkMode: NETWORK },
    NetworkingConfig: { EndpointsConfig: { [NETWORK]: { Aliases: [envOf({}).PGHOST] } } },
  });
  await container.start();
}

const query = (sql: string): Promise<string> =>
  shell(DATABASE, `PGPASSWORD=${PASSWORD} psql -h 127.0.0.1 -U postgres -Atc "${sql}"`);

beforeAll(async () => {
  const script = new URL("../../examples/guestbook/app.mjs", import.meta.url);
  await buildNodeApp(APP, script, ["USER nobody", "EXPOSE 8000"], DATABASE_IMAGE);
  await removeDatabase();
  await startDatabase();
  await until(async () => (await query("SELECT 1")) === "1");
  stack = await TestStack.create({
    name: NAME,
    // The image that has psql here exposes PostgreSQL's port as well.
    config: { ...EXAMPLE, ...OWN, "app.env": envOf({}), "app.port": 8000, count: 2 },
  });
  await stack.up();
});
afterAll(async () => {
  await stack?.dispose();
  await removeDatabase();
  await removeImage(APP);
});

const sign = async (name: string): Promise<number> =>
  (await fetch(`${stack.url}/?name=${encodeURIComponent(name)}`, { method: "POST" })).status;

test("the app reaches the database beside it, from each of its containers", async () => {
  const names = ["Ada", "O'Neil; DROP TABLE guests", "žluť", "Eve"];
  for (const name of names) expect(await sign(name)).toBe(200);
  expect((await get(stack.url)).body).toBe("4");
  expect(await query("SELECT string_agg(DISTINCT page, ' ' ORDER BY page) FROM guests")).toBe(
    "page-1 page-2",
  );
});

test("scaling and an update of the app fail no request, and the database stays", async () => {
  const { State: before } = await docker.getContainer(DATABASE).inspect();
  const load = new Load(stack.url, { clients: 2 });
  await stack.up({ count: 3 });
  await stack.up({ "app.env": envOf({ PAGE: "second-{n}" }) });
  await stack.up({ count: 2 });
  await load.settle();
  expect((await load.stop()).failures).toEqual([]);
  expect(await sign("Grace")).toBe(200);
  expect(await query("SELECT page FROM guests WHERE name = 'Grace'")).toMatch(/^second-[12]$/);
  expect((await docker.getContainer(DATABASE).inspect()).State.StartedAt).toBe(before.StartedAt);
});
