import { describe, expect, test } from "vitest";
import {
  type Action,
  actionsOf,
  describeDifference,
  planServers,
} from "../../../../src/haproxy/servers/update-plan.ts";
import type { Mode } from "../../../../src/stack/settings.ts";
import { planTopology, type Server } from "../../../../src/stack/topology.ts";
import { named } from "../../../harness/named.ts";
import { settingsOf } from "../../../harness/pulumi-config.ts";
import { asAdded, type ModelServer, readBack } from "./haproxy-model.ts";

const declare = (count: number, mode: Mode = "sticky"): readonly Server[] =>
  planTopology(settingsOf({ mode, count: String(count) })).servers;
const [S1, S2, S3, S4] = declare(4).map(asAdded);
const FOREIGN: ModelServer = {
  name: "blue",
  id: 70,
  address: "10.1.1.1",
  port: 80,
  cookie: undefined,
  weight: 1,
  adminBits: 0,
  checkBits: 0,
};

/** An action in few words, as the tables have them. */
function inWords(action: Action): string {
  switch (action.kind) {
    case "add":
      return `add ${action.server.name}`;
    case "set-address":
      return `set-address ${action.name} ${action.address}:${action.port}`;
    case "set-weight":
      return `set-weight ${action.name} ${action.weight}`;
    default:
      return `${action.kind} ${action.name}`;
  }
}

interface Case {
  readonly what: string;
  readonly desired: readonly Server[];
  readonly running: readonly (ModelServer | undefined)[];
  readonly actions: readonly string[];
  readonly words: string;
}

const planOf = ({ desired, running }: Case) =>
  planServers(desired, readBack(running.filter((server) => server !== undefined)));

describe("a plan", () => {
  test.each(
    named<Case>([
      {
        what: "for nothing declared and nothing running is empty",
        desired: [],
        running: [],
        actions: [],
        words: "",
      },
      {
        what: "for what already runs is empty",
        desired: declare(3),
        running: [S1, S2, S3],
        actions: [],
        words: "",
      },
      {
        what: "for what already runs in another order is empty",
        desired: declare(3),
        running: [S3, S1, S2],
        actions: [],
        words: "",
      },
      {
        what: "for a first start adds all, in order",
        desired: declare(3),
        running: [],
        actions: ["add s1", "add s2", "add s3"],
        words: "+ s1 s2 s3",
      },
      {
        what: "for a greater count adds the new ones alone",
        desired: declare(4),
        running: [S1, S2],
        actions: ["add s3", "add s4"],
        words: "+ s3 s4",
      },
      {
        what: "for a smaller count removes the last ones",
        desired: declare(2),
        running: [S1, S2, S3, S4],
        actions: ["remove s3", "remove s4"],
        words: "- s3 s4",
      },
      {
        what: "for a count of 0 removes all",
        desired: [],
        running: [S1, S2],
        actions: ["remove s1", "remove s2"],
        words: "- s1 s2",
      },
      {
        what: "fills a gap that someone made",
        desired: declare(3),
        running: [S1, S3],
        actions: ["add s2"],
        words: "+ s2",
      },
      {
        what: "removes a server that nobody declares after it added the missing one",
        desired: declare(2),
        running: [S1, FOREIGN],
        actions: ["add s2", "remove blue"],
        words: "+ s2, - blue",
      },
      {
        what: "first evicts a stranger that holds a declared id",
        desired: declare(2),
        running: [S1, { ...FOREIGN, id: 2 }],
        actions: ["remove blue", "add s2"],
        words: "+ s2, - blue",
      },
      {
        what: "replaces a server whose id is not its own",
        desired: declare(2),
        running: [S1, S2 && { ...S2, id: 9 }],
        actions: ["remove s2", "add s2"],
        words: "+ s2, - s2",
      },
      {
        what: "replaces two servers that have each other's id",
        desired: declare(2),
        running: [S1 && { ...S1, id: 2 }, S2 && { ...S2, id: 1 }],
        actions: ["remove s2", "remove s1", "add s1", "add s2"],
        words: "+ s1 s2, - s2 s1",
      },
      {
        what: "replaces a server with another cookie, which nothing can set while it runs",
        desired: declare(1),
        running: [S1 && { ...S1, cookie: "s7" }],
        actions: ["remove s1", "add s1"],
        words: "+ s1, - s1",
      },
      {
        what: "replaces a server without a cookie",
        desired: declare(1),
        running: [S1 && { ...S1, cookie: undefined }],
        actions: ["remove s1", "add s1"],
        words: "+ s1, - s1",
      },
      {
        what: "replaces a server with a cookie where the mode is hash",
        desired: declare(1, "hash"),
        running: [S1],
        actions: ["remove s1", "add s1"],
        words: "+ s1, - s1",
      },
      {
        what: "sets a weight back",
        desired: declare(1),
        running: [S1 && { ...S1, weight: 5 }],
        actions: ["set-weight s1 100"],
        words: "~ s1",
      },
      {
        what: "ends a drain",
        desired: declare(1),
        running: [S1 && { ...S1, adminBits: 8 }],
        actions: ["set-ready s1"],
        words: "~ s1",
      },
      {
        what: "ends maintenance",
        desired: declare(1),
        running: [S1 && { ...S1, adminBits: 1 }],
        actions: ["set-ready s1"],
        words: "~ s1",
      },
      {
        what: "turns a check on again",
        desired: declare(1),
        running: [S1 && { ...S1, checkBits: 2 }],
        actions: ["enable-check s1"],
        words: "~ s1",
      },
      {
        what: "sets an address back",
        desired: declare(1),
        running: [S1 && { ...S1, address: "10.9.9.9" }],
        actions: ["set-address s1 172.28.10.11:9898"],
        words: "~ s1",
      },
      {
        what: "sets a port back",
        desired: declare(1),
        running: [S1 && { ...S1, port: 80 }],
        actions: ["set-address s1 172.28.10.11:9898"],
        words: "~ s1",
      },
      {
        what: "makes a server ready last, when all else about it is right",
        desired: declare(1),
        running: [S1 && { ...S1, address: "10.9.9.9", weight: 1, checkBits: 2, adminBits: 1 }],
        actions: ["set-address s1 172.28.10.11:9898", "set-weight s1 100", "enable-check s1", "set-ready s1"],
        words: "~ s1",
      },
      {
        what: "evicts, adds, changes and removes, in this order",
        desired: declare(3),
        running: [S1 && { ...S1, weight: 1 }, { ...FOREIGN, id: 2 }, S3, S4],
        actions: ["remove blue", "add s2", "set-weight s1 100", "remove s4"],
        words: "+ s2, ~ s1, - blue s4",
      },
      {
        what: "replaces a server that has no check, since none can be given to it",
        desired: declare(1),
        running: [S1 && { ...S1, checkBits: 0 }],
        actions: ["remove s1", "add s1"],
        words: "+ s1, - s1",
      },
      {
        what: "replaces a server that was added by a host name, since it takes no address",
        desired: declare(1),
        running: [S1 && { ...S1, address: "-" }],
        actions: ["remove s1", "add s1"],
        words: "+ s1, - s1",
      },
    ]),
  )("%s", (_what, scene) => {
    const plan = planOf(scene);
    expect(actionsOf(plan).map(inWords)).toEqual(scene.actions);
    expect(describeDifference(plan)).toBe(scene.words);
  });

  test("adds a server as it is declared", () => {
    const [server] = declare(1);
    expect(planServers(declare(1), [])).toEqual({
      evict: [],
      add: [{ kind: "add", server }],
      change: [],
      remove: [],
    });
  });
});
