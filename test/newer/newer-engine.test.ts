import { expect, test } from "vitest";
import { newerVersion, ownVersion, runOnNewerEngine } from "../harness/newer-engine.ts";

/**
 * What is up to the engine: how containers are made, confined, changed and found again, networks, addresses
 * and ports. Files without a list of tests run as they are.
 */
const FILES: readonly { readonly file: string; readonly tests?: readonly string[] }[] = [
  { file: "e2e/containers" },
  {
    file: "e2e/container-keys",
    tests: [
      "each container has what the config says, with its own number",
      "another text of a file, a secret too, is rolled out under load, and the old one goes",
    ],
  },
  { file: "e2e/exposure" },
  { file: "e2e/guests" },
  { file: "haproxy/remove-network" },
  {
    file: "e2e/drift",
    tests: [
      "an app container that is stopped or gone is told by preview, and comes back",
      "what docker update changed is told, and mended while every container runs on",
      "whoever is disconnected, or has another address, is told and comes back",
    ],
  },
  {
    file: "e2e/failures",
    tests: [
      "a subnet that another Docker network has is refused, with that network's name",
      "a container of somebody else that has a name of ours is not touched",
      "a port that a process holds is named, with its key",
      "what failed half way is carried on by the next update",
      "what it would publish elsewhere is looked at while the old HAProxy still serves",
    ],
  },
];

test("the engine is newer than the one of the other tests, or as new", () => {
  const parts = (version: string): number[] => (version.match(/\d+/g) ?? []).slice(0, 3).map(Number);
  const [own, newer] = [parts(ownVersion()), parts(newerVersion())];
  expect(newer[0]).toBeGreaterThanOrEqual(28);
  expect(newer[0]).toBeGreaterThanOrEqual(own[0] ?? 0);
});

test.each(FILES)("$file", async ({ file, tests = [] }) => {
  const { exitCode, output } = await runOnNewerEngine(`test/${file}.test.ts`, tests);
  expect(exitCode, output).toBe(0);
  expect(output).toMatch(/Test Files .*\D1 passed/);
  // a name that is no longer there would be left out in silence
  if (tests.length > 0) expect(output).toMatch(new RegExp(`Tests .*\\D${tests.length} passed`));
});
