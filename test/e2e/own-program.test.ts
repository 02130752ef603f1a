import { request } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { STACK_LABEL } from "../../src/docker/labels.ts";
import { labelledNames, removeLabelled, removeNamed } from "../harness/labelled.ts";
import { get, Load } from "../harness/load.ts";
import { OwnProgram, placedAt } from "../harness/own-program.ts";
import { docker } from "../harness/running-stack.ts";
import { placeOf } from "../harness/stack-places.ts";

const [API, WEB] = ["e2e-own-api", "e2e-own-web"] as const;
/** Begins the names of what the program makes beside the apps. */
const SHOP = "e2e-own-shop";
const PASSWORD = "correct-horse-battery";

const urlOf = (name: typeof API | typeof WEB, n = 1): string =>
  `http://127.0.0.1:${placeOf(name).ports.http + n - 1}`;
const WEB_URLS = [urlOf(WEB), urlOf(WEB, 2)];

let program: OwnProgram;

async function removeLeftovers(): Promise<void> {
  for (const name of [WEB, API]) await removeLabelled(docker, `${STACK_LABEL}=${name}`);
  await removeNamed(docker, {
    containers: [`${SHOP}-database`],
    networks: [`${SHOP}-backend`],
    volumes: [`${SHOP}-data`],
  });
}

beforeAll(async () => {
  await removeLeftovers();
  program = await OwnProgram.install({
    ...{ '"api"': `"${API}"`, '"web"': `"${WEB}"`, '"shop-': `"${SHOP}-` },
    ...placedAt(API, { subnet: "172.28.41.0/24", ports: "{ http: 8310, runtime: 9310, stats: 8610 }" }),
    ...placedAt(WEB, { subnet: "172.28.42.0/24", ports: "{ http: 8320, runtime: 9320, stats: 8620 }" }),
  });
  await program.configure("databasePassword", PASSWORD, "--secret");
});
afterAll(async () => {
  await removeLeftovers();
  program?.remove();
});

const balancer = (...args: readonly string[]) => program.run("npx", "--no-install", "balancer", ...args);

test("the package exports BalancedApp alone, and its types hold", async () => {
  const names = await program.run(
    process.execPath,
    "--eval",
    'import("balancer").then((all) => console.log(Object.keys(all).join()))',
  );
  expect(names.stdout).toBe("BalancedApp\n");
  expect(await program.run("npx", "--no-install", "tsc")).toMatchObject({ exitCode: 0, output: "" });
});

test("plain pulumi up brings up a database and two apps, of which one finds the other", async () => {
  const { output } = await program.pulumi("up", "--yes");
  expect(output).toContain(`create: ${WEB}-haproxy2 with 3 servers`);
  const answer = await request(`${urlOf(WEB)}/api/echo`, { method: "POST", body: "hello" });
  expect(await answer.body.json()).toEqual(["hello"]);
  const { body } = await get(`${urlOf(API)}/env`);
  expect(JSON.parse(body)).toEqual(
    expect.arrayContaining([`PGHOST=${SHOP}-database`, `PGPASSWORD=${PASSWORD}`]),
  );
  expect(await program.state()).not.toContain(PASSWORD);
});

test("an update with nothing to do has nothing to do", async () => {
  const { output } = await program.pulumi("preview", "--expect-no-changes");
  expect(output).toContain("unchanged");
});

test("commands take the app, and without it name those that there are", async () => {
  const unnamed = await balancer("status");
  expect(unnamed.exitCode).toBe(1);
  expect(unnamed.stderr).toBe(`error: the selected stack has several apps; --app: allowed: ${API}, ${WEB}\n`);
  const wrong = await balancer("status", "--app", "shop");
  expect(wrong.stderr).toBe(`error: --app: "shop" is refused; allowed: ${API}, ${WEB}\n`);
  const shown = await balancer("status", "--app", WEB);
  expect(shown).toMatchObject({ exitCode: 0, stderr: "" });
  for (const n of [1, 2])
    expect(shown.stdout).toContain(`at 127.0.0.1:${placeOf(WEB).ports.runtime + n - 1}, pid`);
  expect((await balancer("probe", "--app", API)).stdout).toMatch(/s1.*s2/s);
  expect((await balancer("sessions", "--app", WEB, "--id", "abc")).exitCode).toBe(0);
  expect((await balancer("runtime", "--app", WEB, "show servers state")).stdout).toContain("webservers");
  expect((await balancer("logs", "--app", API, "--no-follow")).stdout).toContain(`${API}-haproxy1 | `);
});

test("a server is drained and made ready again", async () => {
  expect(await balancer("drain", "s3", "--app", WEB)).toMatchObject({ exitCode: 0 });
  expect((await balancer("status", "--app", WEB)).stdout).toMatch(/s3.*(drain|maint)/i);
  expect(await balancer("ready", "s3", "--app", WEB)).toMatchObject({ exitCode: 0 });
});

test("a command for Balancer's own stacks says what does it here", async () => {
  expect((await balancer("scale", "3")).stderr).toContain(
    "scale is for the stacks of Balancer's own program, in yours: change count, and pulumi up",
  );
});

test("scaling one app under load fails no request, and touches nothing of the other", async () => {
  const before = await Promise.all([1, 2, 3].map((n) => docker.getContainer(`${WEB}-podinfo${n}`).inspect()));
  await program.configure("apiCount", "3");
  const loads = [new Load(urlOf(API), { clients: 2 }), new Load(WEB_URLS, { clients: 2 })];
  await program.pulumi("up", "--yes", "--skip-preview");
  for (const load of loads) expect((await load.stop()).failures).toEqual([]);
  expect((await balancer("status", "--app", API)).stdout).toContain("s3");
  const after = await Promise.all([1, 2, 3].map((n) => docker.getContainer(`${WEB}-podinfo${n}`).inspect()));
  expect(after.map(({ Id }) => Id)).toEqual(before.map(({ Id }) => Id));
});

test("an update of an app under load fails no request", async () => {
  await program.configure("message", "Good morning");
  const load = new Load(WEB_URLS, { clients: 3 });
  await program.pulumi("up", "--yes", "--skip-preview");
  await load.settle();
  const { failures, failedOver } = await load.stop();
  expect({ failures, failedOver }).toEqual({ failures: [], failedOver: 0 });
  for (const url of WEB_URLS) expect((await get(url)).body).toContain("Good morning");
});

test("every mistake in the arguments is told at once, before anything is touched", async () => {
  program.change((text) => text.replace('mode: "hash"', 'mode: "hash", balance: "leastconn", bind: "here"'));
  const { exitCode, output } = await program.run("npx", "--no-install", "pulumi", "preview");
  expect(exitCode).not.toBe(0);
  expect(output).toContain('bind: "here" is refused');
  expect(output).toContain('balance: "leastconn" is refused');
  program.change((text) => text.replace(', balance: "leastconn", bind: "here"', ""));
});

test("pulumi destroy leaves nothing", async () => {
  await program.pulumi("destroy", "--yes", "--skip-preview");
  for (const name of [WEB, API]) expect(await labelledNames(docker, `${STACK_LABEL}=${name}`)).toEqual([]);
  const filters = { name: [SHOP] };
  expect(await docker.listContainers({ all: true, filters })).toEqual([]);
  expect(await docker.listNetworks({ filters })).toEqual([]);
  expect((await docker.listVolumes({ filters })).Volumes ?? []).toEqual([]);
});
