import { expect, test } from "vitest";
import { watchEnds } from "../../../src/docker/containers.ts";
import { scriptedEngine } from "./scripted-engine.ts";

const STARTED = "2026-11-26T10:00:00.000Z";
const ENDED = { soon: "2026-11-26T10:00:01.000Z", late: "2026-11-26T11:00:00.000Z" };

const container = (RestartCount: number, Restarting: boolean, end: keyof typeof ENDED = "late") => ({
  RestartCount,
  State: { Restarting, ExitCode: Restarting ? 3 : 0, StartedAt: STARTED, FinishedAt: ENDED[end] },
});

/** What is told at each look at one container. */
async function told(...looks: readonly ReturnType<typeof container>[]): Promise<(string | undefined)[]> {
  const replies: Record<string, unknown> = {};
  await using engine = await scriptedEngine(replies);
  const look = watchEnds(engine.docker);
  const words: (string | undefined)[] = [];
  for (const each of looks) {
    replies["/containers/x/json"] = each;
    words.push((await look(["x", "gone"])).get("x"));
  }
  return words;
}

test("a container that ends three times while it is watched is hopeless, however long it runs", async () => {
  const looks = [container(7, false), container(8, true), container(9, false), container(10, false)];
  expect(await told(...looks)).toEqual([
    ...[undefined, undefined, undefined],
    "its container has ended 10 times, with exit code 3",
  ]);
});

test("so is one whose short runs had ended three times before", async () => {
  expect(await told(container(2, true, "soon"), container(3, true, "soon"))).toEqual([
    undefined,
    "its container has ended 3 times, with exit code 3",
  ]);
});

test("one that ran for long and begins again is not", async () => {
  expect(await told(container(9, true, "late"), container(9, false, "late"))).toEqual([undefined, undefined]);
});

test("one that is seen only while it runs has no exit code to tell, and is given more time", async () => {
  const looks = [container(0, false), container(5, false), container(6, false)];
  expect(await told(...looks)).toEqual([undefined, undefined, "its container has ended 6 times"]);
});
