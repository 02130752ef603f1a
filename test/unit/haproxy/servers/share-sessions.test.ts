import { expect, test } from "vitest";
import { keyOf } from "../../../../src/haproxy/runtime/stick-table.ts";
import { findApart } from "../../../../src/haproxy/servers/share-sessions.ts";

/** What a balancer remembers: of each session its server's id, and how long. */
const table = (sessions: Readonly<Record<string, readonly [number, number]>>, isFull = false) => ({
  entries: new Map(
    Object.entries(sessions).map(([id, [serverId, expiresMs]]) => {
      const key = keyOf(id);
      return [key, { key, server: `s${serverId}`, serverId, expiresMs }] as const;
    }),
  ),
  isFull,
});

test("sessions that all balancers have on the same server are not apart, whenever they were used", () => {
  expect(findApart([table({ a: [1, 1000], b: [2, 900] }), table({ a: [1, 10], b: [2, 950] })])).toEqual([]);
});

test("a session that one has not learned is taught by the one that knows it", () => {
  const [knows, lacks] = [table({ "a b": [1, 1000] }), table({})];
  expect(findApart([lacks, knows, lacks])).toEqual([{ id: "a b", teacher: 1, serverId: 1 }]);
});

test("of two servers the one counts whose entry is kept for longer, and else the first", () => {
  const [one, two] = [table({ a: [1, 900], b: [1, 500] }), table({ a: [2, 1000], b: [3, 500] })];
  expect(findApart([one, two])).toEqual([
    { id: "a", teacher: 1, serverId: 2 },
    { id: "b", teacher: 0, serverId: 1 },
  ]);
});

test("a full table forgets sessions that others have, which no lesson could mend", () => {
  const full = table({ a: [1, 1000], b: [1, 1000] }, true);
  expect(findApart([table({ a: [1, 1000], b: [2, 900], c: [3, 900] }), full])).toEqual([
    { id: "b", teacher: 1, serverId: 1 },
  ]);
});

test("an id that cannot stand in a command is left to its next use", () => {
  const bytes = { key: "\\xFF\\xFE", server: "s1", serverId: 1, expiresMs: 9 };
  expect(findApart([{ entries: new Map([[bytes.key, bytes]]), isFull: false }, table({})])).toEqual([]);
  expect(findApart([table({ "": [1, 9] }), table({})])).toEqual([]);
});
