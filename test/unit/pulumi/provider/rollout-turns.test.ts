import { describe, expect, test } from "vitest";
import { RolloutTurns } from "../../../../src/pulumi/provider/rollout-turns.ts";

/** Something that goes on until it is told to end. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { run: () => promise, end: resolve, fail: () => reject(new Error("not up")) };
}

const soon = () => new Promise((resolve) => setImmediate(resolve));
const wentBack = () => Promise.resolve("went back");

describe("the turns of a roll-out", () => {
  test("let as many containers be replaced at a time as they may", async () => {
    const turns = new RolloutTurns(2);
    const begun: string[] = [];
    const work = ["s1", "s2", "s3"].map((name) => ({ name, ...held() }));
    const all = work.map(({ name, run }) =>
      turns.take(
        name,
        () => {
          begun.push(name);
          return run();
        },
        wentBack,
      ),
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
    const turns = new RolloutTurns(1);
    const first = turns.take("s1", () => Promise.reject(new Error("s1 is not up")), wentBack);
    const second = turns.take("s2", () => Promise.reject(new Error("s2 was touched")), wentBack);
    await expect(first).rejects.toThrow("s1 is not up\nwent back");
    await expect(second).rejects.toThrow("not replaced, since s1 of the same roll-out failed");
  });

  test("end once, when no part is under way any more, and everyone who failed tells how", async () => {
    const turns = new RolloutTurns(3);
    const [s1, s2, s3] = [held(), held(), held()];
    let ends = 0;
    const end = () => {
      ends += 1;
      return Promise.resolve(`end ${ends}`);
    };
    const all = [s1, s2, s3].map(({ run }, index) => turns.take(`s${index + 1}`, run, end));
    const settled = Promise.allSettled(all);
    s1.fail();
    await soon();
    expect(ends).toBe(0);
    s2.fail();
    s3.end();
    expect(
      (await settled).map((each) => (each.status === "rejected" ? `${each.reason.message}` : "up")),
    ).toEqual(["not up\nend 1", "not up\nend 1", "up"]);
  });
});
