import { expect, test } from "vitest";
import { serverArguments, trialArguments, trialName } from "../../../../src/haproxy/file/server-line.ts";

const server = { name: "s4", id: 4, address: "172.28.10.14", port: 9898, containerName: "demo-podinfo4" };

test.each([
  [
    "a cookie",
    { ...server, cookie: "s4" },
    "172.28.10.14:9898 id 4 cookie s4 weight 100 check inter 500ms fastinter 200ms downinter 100ms fall 2 rise 1",
  ],
  [
    "no cookie",
    server,
    "172.28.10.14:9898 id 4 weight 100 check inter 500ms fastinter 200ms downinter 100ms fall 2 rise 1",
  ],
])("a server with %s is defined in full, since `add server` inherits nothing", (_what, given, expected) => {
  expect(serverArguments(given)).toBe(expected);
});

test("a server that a check is tried on has the same check, and neither weight nor cookie", () => {
  expect([trialName(server), trialArguments({ ...server, cookie: "s4" })]).toEqual([
    "try-s4",
    "172.28.10.14:9898 id 2004 backup weight 0 check inter 500ms fastinter 200ms downinter 100ms fall 2 rise 1",
  ]);
});
