import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { PROJECT } from "../harness/pulumi.ts";

/** Its first events: mode, roll-out, app crash, scale, HAProxy kill. */
const SEED = 31;
const EXPECTED_CAUSES = ["server removed", "app crashed", "HAProxy killed"];

test("a minute of everything at random loses nothing without a cause", async ({ onTestFinished }) => {
  const soak = spawn(
    process.execPath,
    ["bench/soak/main.ts", "--minutes", "1", "--seed", String(SEED), "--json"],
    { cwd: PROJECT },
  );
  onTestFinished(() => {
    soak.kill(); // one that takes too long removes its stack, and ends
  });
  const [printed, told, [exitCode]] = await Promise.all([
    text(soak.stdout),
    text(soak.stderr),
    once(soak, "close"),
  ]);
  expect(printed, told).not.toBe("");
  const { seed, events, requests, webSockets, sessions, haproxy, problems } = JSON.parse(printed);
  expect(problems, told).toEqual([]);
  expect(exitCode).toBe(0);
  expect(seed).toBe(SEED);
  for (const kind of ["scale", "roll-out", "mode", "haproxy-kill", "app-crash"])
    expect(events[kind], kind).toBeGreaterThan(0);
  expect(requests.sent).toBeGreaterThan(1_000);
  expect(requests.failedOtherwise).toEqual({});
  expect(EXPECTED_CAUSES).toEqual(expect.arrayContaining(Object.keys(webSockets.lost)));
  expect(webSockets.opened).toBeGreaterThan(8);
  expect(sessions.compared).toBeGreaterThan(100);
  expect(sessions.moved).toBe(0);
  expect(haproxy.reloads).toBe(events.mode);
  expect(haproxy.restarts).toBe(events["haproxy-kill"]);
});
