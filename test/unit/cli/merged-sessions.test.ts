import { beforeEach, describe, expect, test } from "vitest";
import { mergeSessions } from "../../../src/cli/merged-sessions.ts";
import { RuntimeError } from "../../../src/haproxy/runtime/runtime-error.ts";
import type { Session } from "../../../src/haproxy/runtime/stick-table.ts";
import { CapturedCaller } from "../../harness/captured-caller.ts";

const session = (key: string, server: string): Session => ({ key, server, expiresMs: 1_000 });

/** What one balancer has, up to an error where it has one. */
async function* source(sessions: readonly Session[], error?: Error): AsyncGenerator<Session> {
  yield* sessions;
  if (error !== undefined) throw error;
}

let caller: CapturedCaller;

beforeEach(() => {
  caller = new CapturedCaller();
});

async function merged(...sources: readonly AsyncIterable<Session>[]): Promise<string[]> {
  const told: string[] = [];
  for await (const { key, server } of mergeSessions(caller, sources)) told.push(`${key} ${server}`);
  return told;
}

const unreachable = new RuntimeError("unreachable", "HAProxy at 127.0.0.1:1 is not reachable");

describe("the sessions of several balancers", () => {
  test("come once where all have them on the same server, and else once for each server", async () => {
    const first = source([session("a", "s1"), session("b", "s2")]);
    const second = source([session("b", "s3"), session("a", "s1"), session("c", "s1")]);
    expect(await merged(first, second)).toEqual(["a s1", "b s2", "b s3", "c s1"]);
    expect(caller.run).toMatchObject({ exitCode: 0, output: "" });
  });

  test("are those of the others where one fails, which is told", async () => {
    expect(await merged(source([session("a", "s1")], unreachable), source([session("b", "s2")]))).toEqual([
      "a s1",
      "b s2",
    ]);
    expect(caller.run).toMatchObject({
      exitCode: 1,
      stdout: "",
      stderr: "warning: HAProxy at 127.0.0.1:1 is not reachable\n",
    });
  });

  test("are none where all fail, or something else is wrong", async () => {
    await expect(merged(source([], unreachable), source([], unreachable))).rejects.toThrow(unreachable);
    await expect(merged(source([], new TypeError("wrong")), source([]))).rejects.toThrow("wrong");
    await expect(merged(source([session("a", "s1")], unreachable))).rejects.toThrow(unreachable);
    expect(caller.run.output).toBe("");
  });
});
