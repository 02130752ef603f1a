import { describe, expect, test } from "vitest";
import { turnsOf } from "../../../../src/pulumi/provider/rollout-turns.ts";

/** Something that goes on until it is told to end. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { run: () => promise, end: resolve, fail: reject };
}

const soon = () => new Promise((resolve) => setImmediate(resolve));

describe("the turns of a roll-out", () => {
  test("let as many containers be replaced at a time as they may", async () => {
    const turns = turnsOf("as-many", 2);
    const begun: string[] = [];
    const work = ["s1", "s2", "s3"].map((name) => ({ name, ...held() }));
    const all = work.map(({ name, run }) =>
      turns.take(name, () => {
        begun.push(name);
        return run();
      }),
    );
    await soon();
    expect(begun).toEqual(["s1", "s2"]);
    work[1]?.end();
    await soon();
    expect(begun).toEqual(["s1", "s2", "s3"]);
    for (const { end } of work) end();
    await Promise.all(all);
  });

  test("end with the first that fails, and tell the others of it", async () => {
    const turns = turnsOf("fails", 1);
    const first = turns.take("s1", () => Promise.reject(new Error("s1 is not up")));
    const second = turns.take("s2", () => Promise.reject(new Error("s2 was touched")));
    await expect(first).rejects.toThrow("s1 is not up");
    await expect(second).rejects.toThrow("not replaced, since s1 of the same roll-out failed");
  });

  test("are each app's own", async () => {
    const failed = turnsOf("one", 1).take("s1", () => Promise.reject(new Error("down")));
    await expect(failed).rejects.toThrow("down");
    await expect(turnsOf("another", 1).take("s1", () => Promise.resolve())).resolves.toBeUndefined();
  });
});
