import { afterAll, beforeAll, expect, test } from "vitest";
import { COMMANDS, command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import { areShared } from "../../src/haproxy/servers/share-sessions.ts";
import { DirectStack } from "../harness/direct-stack.ts";
import { mapSessions } from "../harness/load.ts";
import { splitBalancers } from "../harness/network-split.ts";
import { readTable } from "../harness/peers.ts";

let stack: DirectStack;

beforeAll(async () => {
  stack = await DirectStack.create("direct-apart", { balancers: 2 });
});
afterAll(() => stack?.dispose());

const BOTH = [1, 2] as const;

const ids = (prefix: string) => Array.from({ length: 200 }, (_, index) => `${prefix}-${index}`);
const tables = () => Promise.all(BOTH.map((n) => readTable(stack, n)));

test("a balancer that missed sessions is taught them", async () => {
  const missed = ids("missed");
  const homes = await mapSessions(stack.urlOf(1), missed);
  expect(await stack.shareSessions()).toEqual([]);
  await runRaw(stack.runtimeOf(2), command("clear table webservers"));
  expect(await areShared(stack.sharers(), { forGood: false })).toBe(false);
  expect(await stack.shareSessions()).toEqual([expect.stringMatching(/^200 sessions taught/)]);
  expect(await areShared(stack.sharers(), { forGood: true })).toBe(true);
  expect(await mapSessions(stack.urlOf(2), missed)).toEqual(homes);
});

test("sessions that two sides of a split network learned on their own are on one server again", async () => {
  const learned = ids("apart");
  {
    using _ = await splitBalancers(stack);
    // New workers know at once that nobody is there; old ones would wait for a sign of life first.
    for (const n of BOTH) await runRaw(stack.runtimeOf(n), COMMANDS.masterReload());
    const [one, two] = await Promise.all(BOTH.map((n) => mapSessions(stack.urlOf(n), learned)));
    expect(two).not.toEqual(one);
    expect((await stack.command("status")).output).toMatch(/^peers: haproxy2 not connected \(\w+\)$/m);
    await expect(stack.shareSessions(1_000)).rejects.toThrow(
      /do not share their sessions after 1 s: .*haproxy1 and haproxy2 \(not connected, /,
    );
  }
  // HAProxy often has each side write down what the other had, which leaves them apart.
  await stack.shareSessions();
  const [one, two] = await tables();
  expect(two).toEqual(one);
  expect(await mapSessions(stack.urlOf(1), learned)).toEqual(await mapSessions(stack.urlOf(2), learned));
});
