import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startBrowser } from "../harness/browser.ts";
import { DirectStack } from "../harness/direct-stack.ts";
import { docker } from "../harness/running-stack.ts";
import { until } from "../harness/until.ts";

let stack: DirectStack;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [browser, stack] = await Promise.all([
    startBrowser(),
    DirectStack.create("direct-stats-page", { count: 4 }),
  ]);
  page = await browser.newPage();
  // Chromium breaks off what it loads when an interface of the machine comes or goes (ERR_NETWORK_CHANGED), as with
  // every container of other tests. So the test loads for it.
  await page.route("**", async (route) => route.fulfill({ response: await route.fetch() }));
});
afterAll(async () => {
  await browser?.close();
  await stack?.dispose();
});

/** Waits until the page shows these states; while it loads itself anew, it shows nothing. */
async function untilShown(states: Readonly<Record<string, string>>): Promise<void> {
  await until(async () => {
    expect(await shownServers()).toEqual(states);
    return true;
  });
}

/**
 * Name and state of each app server, as the page shows them; what is only shown under the pointer does not
 * count.
 */
async function shownServers(): Promise<Record<string, string | undefined>> {
  const rows = await page.locator('tr:has(> td > a[name^="webservers/s"])').all();
  const cells = await Promise.all(rows.map((row) => row.locator("> td").allInnerTexts()));
  return Object.fromEntries(
    cells.map(([name, ...others]) => [
      name,
      others.map((cell) => /\b(UP|DOWN|MAINT|DRAIN)\b/.exec(cell)?.[0]).find(Boolean),
    ]),
  );
}

test("a browser on the Docker host sees every server up on the stats page", async () => {
  const response = await page.goto(`http://127.0.0.1:${stack.ports.stats}/`);
  expect(response?.status()).toBe(200);
  expect(await page.title()).toBe("Statistics Report for HAProxy");
  await untilShown({ s1: "UP", s2: "UP", s3: "UP", s4: "UP" });
});

test("the page shows a server that goes down without being asked again", async () => {
  await docker.getContainer(`${stack.name}-podinfo2`).kill();
  await untilShown({ s1: "UP", s2: "DOWN", s3: "UP", s4: "UP" });
});
