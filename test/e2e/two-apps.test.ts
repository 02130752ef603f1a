import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { removeLabelled } from "../harness/labelled.ts";
import { get, Load } from "../harness/load.ts";
import { ProjectCopy } from "../harness/project-copy.ts";
import { docker } from "../harness/running-stack.ts";
import { TestStack } from "../harness/stack.ts";
import { placeOf } from "../harness/stack-places.ts";

const project = new ProjectCopy();
const [WEB, API] = ["e2e-two-apps", "e2e-two-apps-api"] as const;
const removeApi = () => removeLabelled(docker, `balancer.stack=${API}`);

let stack: TestStack;

beforeAll(async () => {
  await removeApi();
  stack = await TestStack.create({ name: WEB, project: project.folder });
});
afterAll(async () => {
  await stack?.dispose();
  await removeApi();
  project.remove();
});

/**
 * A program of somebody's own, with two apps that differ in their modes; the second tells the first's
 * address.
 */
function writeProgram(apiCount: number | string): void {
  const argsOf = (name: typeof WEB | typeof API, more: object): string =>
    JSON.stringify({ subnet: placeOf(name).subnet, ports: placeOf(name).ports, drainTimeout: "5s", ...more });
  writeFileSync(
    join(project.folder, "index.ts"),
    `import { BalancedApp } from "./src/pulumi/balanced-app.ts";
const web = new BalancedApp("${WEB}", ${argsOf(WEB, { count: 1 })});
const api = new BalancedApp("${API}", ${argsOf(API, { mode: "hash", count: apiCount })}, { dependsOn: web });
export const webUrls = web.urls;
export const apiServers = api.servers;
`,
  );
}

test("a program of one's own has two apps, and scaling one leaves the other alone", async () => {
  writeProgram(2);
  await stack.up();
  const { webUrls, apiServers } = await stack.outputs();
  expect(webUrls).toEqual([stack.url]);
  expect(apiServers).toHaveLength(2);
  const apiUrl = `http://127.0.0.1:${placeOf(API).ports.http}`;
  expect([(await get(stack.url)).status, (await get(apiUrl)).status]).toEqual([200, 200]);
  const before = await stack.haproxyIdentity();
  const loads = [new Load(stack.url, { clients: 3 }), new Load(apiUrl, { clients: 3 })];
  writeProgram(3);
  const output = await stack.up();
  for (const load of loads) {
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
  }
  expect(output).toMatch(/AppServer e2e-two-apps-api-podinfo3 created/);
  expect(await stack.haproxyIdentity()).toEqual(before);
});

test("every mistake in its arguments is told at once, as the keys of the config", async () => {
  writeProgram("many");
  const { exitCode, output } = await stack.tryUp();
  expect(exitCode).not.toBe(0);
  expect(output).toContain('count: "many" is refused; allowed: a whole number from 0');
  writeProgram(3);
});

test("plain pulumi destroy leaves nothing of either", async () => {
  await stack.destroy();
  const filters = { label: [`balancer.stack=${API}`] };
  expect(await docker.listContainers({ all: true, filters })).toEqual([]);
  expect(await stack.resources()).toEqual([]);
});
