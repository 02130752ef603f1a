import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as versions from "../harness/app-versions.ts";
import { TestStack } from "../harness/stack.ts";

let stack: TestStack;
let before: readonly string[];

beforeAll(async () => {
  stack = await TestStack.create({
    name: "e2e-way-back",
    config: { readyTimeout: "10s", "app.env": { PODINFO_UI_MESSAGE: "old" } },
  });
  await stack.up();
  before = await versions.appIds(stack, 3);
});
afterAll(() => stack?.dispose());

/** A version that comes up everywhere but at one address. */
const badAt = (address: string): string[] => [
  "sh",
  "-c",
  `case "$(hostname -i)" in ${address}) more=--unready ;; esac; exec ./podinfo --port={port} $more`,
];

const NEW = { "app.env": { PODINFO_UI_MESSAGE: "new" } };

/** All is as it was before a roll-out, and nothing of the roll-out is left. */
async function expectUntouched(): Promise<void> {
  expect(await versions.appIds(stack, 3)).toEqual(before);
  expect(await versions.messages(stack)).toEqual(new Set(["old"]));
  expect(await versions.containers(stack)).toEqual(versions.containersOf(stack, 3));
  expect(await versions.upServers(stack)).toEqual(["s1", "s2", "s3"]);
}

describe("a roll-out that cannot work", () => {
  test("touches no container, and tells why with the last words of its stand-in", async () => {
    const { failures } = await versions.underLoad(stack, async () => {
      const { exitCode, output } = await stack.tryUp({
        ...NEW,
        "app.command": ["./podinfo", "--port={port}", "--unready"],
      });
      expect(exitCode).not.toBe(0);
      expect(output).toMatch(
        /not up within 10 s \(readyTimeout\): standin \(e2e-way-back-standin, 172.28.128.239:9898\): DOWN L7STS/,
      );
      expect(output).toMatch(/container e2e-way-back-standin printed last: \{"level":"info"/);
      expect(output).toContain("roll-out: ended before a container that served was touched");
    });
    expect(failures).toEqual([]);
    await expectUntouched();
  });

  test("touches none where the port is not the app's, though its command is the same", async () => {
    const command = ["./podinfo", "--port=9898", "--level=debug"];
    const { failures } = await versions.underLoad(stack, async () => {
      const { exitCode, output } = await stack.tryUp({ "app.command": command, "app.port": 9701 });
      expect(exitCode).not.toBe(0);
      expect(output).toMatch(
        /not up within 10 s \(readyTimeout\): standin \(e2e-way-back-standin, [\d.]+:9701\): DOWN L4CON/,
      );
    });
    expect(failures).toEqual([]);
    await expectUntouched();
  });

  test("is not waited for when its containers keep ending, and tells how", async () => {
    const { failures } = await versions.underLoad(stack, async () => {
      const command = ["sh", "-c", "echo no database; exit 3"];
      // Longer than a test may take.
      const { exitCode, output } = await stack.tryUp({ "app.command": command, readyTimeout: "60m" });
      expect(exitCode).not.toBe(0);
      expect(output).toMatch(
        /not up, and not waited for: standin \(.*\): DOWN .*has ended \d+ times, with exit code 3/,
      );
      expect(output).toMatch(/container e2e-way-back-standin keeps ending: no database/);
    });
    expect(failures).toEqual([]);
    await expectUntouched();
  });

  test("goes back by itself when a container in the middle does not come up", async () => {
    const { failures } = await versions.underLoad(stack, async () => {
      const { exitCode, output } = await stack.tryUp({
        "app.port": undefined,
        "app.command": badAt("172.28.128.12"),
        readyTimeout: "10s",
      });
      expect(exitCode).not.toBe(0);
      expect(output).toMatch(/not up within 10 s \(readyTimeout\): s2 \(e2e-way-back-podinfo2, /);
      expect(output).toMatch(/roll-out: went back \(s1 s2\), all containers run .*app\.env of before/);
    });
    expect(failures).toEqual([]);
    await expectUntouched();
  });

  test("stops there where it shall, and the next update knows what ran before", async () => {
    const { failures } = await versions.underLoad(stack, async () => {
      const { exitCode, output } = await stack.tryUp({ "rollout.onFailure": "stop" });
      expect(exitCode).not.toBe(0);
      expect(output).toContain("roll-out: stopped there (rollout.onFailure stop)");
      expect(await versions.messages(stack)).toEqual(new Set(["old", "new"]));
      const ids = await versions.appIds(stack, 3);
      expect(ids.map((id) => before.includes(id))).toEqual([false, false, true]);
      const next = await stack.tryUp({ "rollout.onFailure": undefined });
      expect(next.output).toMatch(/roll-out: went back \(s1 s2\)/);
      expect(next.exitCode).not.toBe(0);
    });
    expect(failures).toEqual([]);
    await expectUntouched();
  });

  test("leaves nothing to change when the config is as before", async () => {
    stack.configure({ "app.env": { PODINFO_UI_MESSAGE: "old" }, "app.command": undefined });
    await stack.up();
    await expectUntouched();
    expect(await stack.up()).toMatch(/\d+ unchanged\s+Duration/);
  });

  test("leaves nothing behind when the stack is destroyed right after it", async () => {
    await stack.tryUp({ ...NEW, "app.command": badAt("172.28.128.13"), "rollout.batch": "100%" });
    await expectUntouched();
    await stack.destroy();
    expect(await versions.containers(stack)).toEqual([]);
  });
});
