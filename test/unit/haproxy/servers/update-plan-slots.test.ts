import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RunningState } from "../../../../src/haproxy/runtime/running-state.ts";
import {
  actionsOf,
  type Phase,
  planBringUp,
  planServers,
  planUpdate,
} from "../../../../src/haproxy/servers/update-plan.ts";
import type { Server } from "../../../../src/stack/topology.ts";
import { named } from "../../../harness/named.ts";
import { checkOf, declare as declareServers, slotsOf } from "./declared-servers.ts";
import { applyAction, asAdded, type ModelServer, readBack } from "./haproxy-model.ts";

const CHECK = checkOf("/readyz");
const MOST = 6;
const SLOTS = slotsOf(MOST);
const declare = (count: number): readonly Server[] => SLOTS.slice(0, count);

/** Slots of the file by name, as they are when their containers run, and none of them is in maintenance. */
const RUN = Object.fromEntries(SLOTS.map((slot) => [slot.name, asAdded(slot)]));
const run = (name: string, change: Partial<ModelServer> = {}): ModelServer => {
  const slot = RUN[name];
  if (slot === undefined) throw new Error(`there is no slot ${name}`);
  return { ...slot, ...change };
};
const MAINT = { adminBits: 1 };
/** As a slot begins that the file has disabled, and whose name nobody has. */
const EMPTY = { adminBits: 1 | 4 | 32, address: "-" };

/** A server that somebody added, and no slot. */
const FOREIGN: ModelServer = {
  ...{ name: "blue", id: 70, address: "10.1.1.1", port: 80, cookie: undefined, weight: 1 },
  ...{ adminBits: 0, checkBits: 0 },
};

const found = (running: readonly ModelServer[], revision = "r1", check?: string): RunningState => ({
  ...{ revision, servers: readBack(running) },
  ...(check !== undefined && { check }),
});

/** A phase in few words, and nothing of one in which nothing is done. */
function inWords(phase: Phase): string[] {
  switch (phase.kind) {
    case "reload":
      return ["reload"];
    case "change":
      return phase.changes.length === 0
        ? []
        : [`change: ${phase.changes.map(({ kind, name }) => `${kind} ${name}`).join(", ")}`];
    case "evict":
    case "retire":
    case "check":
      return phase.names.length === 0 ? [] : [`${phase.kind} ${phase.names.join(" ")}`];
    default:
      return phase.servers.length === 0
        ? []
        : [`${phase.kind} ${phase.servers.map(({ name }) => name).join(" ")}`];
  }
}

const phasesTo = (servers: readonly Server[], state: RunningState, revision = "r1"): string[] =>
  planUpdate({ servers, revision, check: CHECK }, state).phases.flatMap(inWords);

interface Case {
  readonly what: string;
  readonly count: number;
  readonly running: readonly ModelServer[];
  readonly phases: readonly string[];
}

const REST = ["s4", "s5", "s6", "standin"].map((name) => run(name, EMPTY));

describe("a plan for slots", () => {
  test.each(
    named<Case>([
      {
        what: "has nothing to do but to prove, where all is as declared",
        count: 3,
        running: [run("s1"), run("s2"), run("s3"), ...REST],
        phases: ["prove s1 s2 s3"],
      },
      {
        what: "leaves addresses to Docker, and slots of an older count's file in place",
        count: 3,
        running: [run("s1"), run("s2", { address: "10.9.9.9" }), run("s3", { adminBits: 4 }), ...REST],
        phases: ["prove s1 s2 s3"],
      },
      {
        what: "takes one without an address as it is: nothing but time gives it one",
        count: 3,
        running: [run("s1"), run("s2", { address: "-", adminBits: 32 }), run("s3"), ...REST],
        phases: ["prove s1 s2 s3"],
      },
      {
        what: "for a greater count waits for the addresses first, and proves last",
        count: 5,
        running: [run("s1"), run("s2"), run("s3"), ...REST],
        phases: ["follow s4 s5", "change: set-ready s4, set-ready s5", "prove s1 s2 s3 s4 s5"],
      },
      {
        what: "for a smaller count proves the others before it retires",
        count: 1,
        running: [run("s1"), run("s2"), run("s3"), ...REST],
        phases: ["prove s1", "retire s2 s3"],
      },
      {
        what: "for a count of 0 retires all but those that are out of rotation",
        count: 0,
        running: [run("s1"), run("s2", MAINT), run("s3", { adminBits: 8 }), ...REST],
        phases: ["retire s1 s3"],
      },
      {
        what: "ends the maintenance of a declared one, at the address of what shall serve there",
        count: 3,
        running: [run("s1"), run("s2", MAINT), run("s3"), ...REST],
        phases: ["follow s2", "change: set-ready s2", "prove s1 s2 s3"],
      },
      {
        what: "sets a port, a weight and a check back before a slot is made ready",
        count: 1,
        running: [run("s1", { port: 80, weight: 1, checkBits: 2, adminBits: 1 | 4 }), ...REST],
        phases: [
          "follow s1",
          "change: set-port s1, set-weight s1, enable-check s1, set-ready s1",
          "prove s1",
        ],
      },
      {
        what: "does not wait for the address of one that is in rotation",
        count: 1,
        running: [run("s1", { weight: 1 }), ...REST],
        phases: ["change: set-weight s1", "prove s1"],
      },
      {
        what: "retires the stand-in that a killed roll-out left, as any slot",
        count: 1,
        running: [run("s1"), run("s2", EMPTY), run("standin")],
        phases: ["prove s1", "retire standin"],
      },
      {
        what: "still deletes a server that is none",
        count: 1,
        running: [run("s1"), FOREIGN],
        phases: ["prove s1", "retire blue"],
      },
      {
        what: "evicts one under a slot's name that follows a name of somebody else's",
        count: 1,
        running: [run("s1", { follows: "localhost" })],
        phases: ["evict s1", "add s1", "prove s1"],
      },
    ]),
  )("%s", (_what, { count, running, phases }) => {
    expect(phasesTo(declare(count), found(running))).toEqual(phases);
  });

  test("does not take an address of Docker's for one that is to be set", () => {
    const [s1] = declare(1);
    const wrong = { address: "10.9.9.9", port: 81 };
    expect(actionsOf(planServers(declare(1), readBack([run("s1", wrong)])))).toEqual([
      { kind: "set-port", name: "s1", port: s1?.port },
    ]);
  });
});

test("a server that is no slot is at the address that it is declared at, and nobody waits for it", () => {
  const servers = declareServers(1);
  const running = servers.map((server) => ({ ...asAdded(server), adminBits: 1 }));
  expect(phasesTo(servers, found(running))).toEqual(["change: set-ready s1", "prove s1"]);
});

describe("a plan for slots with another config", () => {
  const RUNNING = [run("s1"), run("s2"), run("s3"), ...REST];

  test.each(
    named<Case>([
      {
        what: "reloads and proves, where the same are declared",
        count: 3,
        running: RUNNING,
        phases: ["reload", "prove s1 s2 s3"],
      },
      {
        what: "brings up first what the next worker would trust",
        count: 4,
        running: RUNNING,
        phases: ["follow s4", "change: set-ready s4", "prove s4", "reload", "prove s1 s2 s3 s4"],
      },
      {
        what: "retires before it reloads, and nobody who is out of rotation",
        count: 2,
        running: RUNNING,
        phases: ["retire s3", "reload", "prove s1 s2"],
      },
      {
        what: "has the next worker alone get slots that this one has not",
        count: 6,
        running: [run("s1"), run("s2", EMPTY), run("standin", EMPTY)],
        phases: ["follow s2", "change: set-ready s2", "prove s2", "reload", "prove s1 s2 s3 s4 s5 s6"],
      },
      {
        what: "reloads at once where none is up",
        count: 2,
        running: ["s1", "s2", "s3"].map((name) => run(name, { address: "-", adminBits: 32 })),
        phases: ["reload", "prove s1 s2"],
      },
    ]),
  )("%s", (_what, { count, running, phases }) => {
    expect(phasesTo(declare(count), found(running), "r2")).toEqual(phases);
  });
});

test("what a roll-out brings up is followed first, and the others are left alone", () => {
  const running = [run("s1"), run("s2", MAINT), run("s3", EMPTY), run("standin", EMPTY)];
  const bringUp = (servers: readonly Server[]) =>
    planBringUp(servers, found(running)).phases.flatMap(inWords);
  expect(bringUp(SLOTS.slice(1, 2))).toEqual(["follow s2", "change: set-ready s2", "prove s2"]);
  expect(bringUp(SLOTS.slice(-1))).toEqual(["follow standin", "change: set-ready standin", "prove standin"]);
});

interface Scene {
  readonly desired: readonly Server[];
  readonly running: readonly ModelServer[];
}

const mostly = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );

/** A slot as anybody, or Docker, may have left it. */
const someSlot = (slot: Server): fc.Arbitrary<ModelServer> =>
  fc
    .record({
      right: fc.constant(asAdded(slot)),
      address: mostly(asAdded(slot).address, "-", "0.0.0.0", "10.9.9.9"),
      adminBits: fc.constantFrom(0, 1, 4, 5, 8, 9, 16, 20, 32, 33, 36, 37, 40),
      port: mostly(slot.port, 80),
      weight: mostly(100, 0, 256),
      checkBits: mostly(6, 2),
    })
    .map(({ right, ...change }) => ({ ...right, ...change }));

/** A server that somebody added. No slot's name or id is left for it. */
const stranger = fc.record({
  name: fc.constantFrom("blue", "try-s1", "s7"),
  id: fc.constantFrom(7, 70, 2001),
  address: fc.constantFrom("10.1.1.1", "-"),
  port: fc.constant(80),
  cookie: fc.constantFrom(undefined, "s1"),
  weight: fc.constant(1),
  adminBits: fc.constantFrom(0, 1, 8),
  checkBits: fc.constantFrom(0, 2, 6),
});

const anyScene: fc.Arbitrary<Scene> = fc
  .record({
    count: fc.integer({ min: 0, max: MOST }),
    slots: fc.tuple(...SLOTS.map(someSlot)),
    strangers: fc.uniqueArray(stranger, { maxLength: 2, selector: ({ name }) => name }),
  })
  .map(({ count, slots, strangers }) => ({
    desired: declare(count),
    running: [
      ...slots,
      ...strangers.filter(({ id }, at) => strangers.findIndex((each) => each.id === id) === at),
    ],
  }));

const isSlot = ({ follows }: ModelServer): boolean => follows !== undefined;
const isOut = ({ adminBits }: ModelServer): boolean => (adminBits & 3) !== 0;
const RUNS = { numRuns: 1_000 };

describe("whatever somebody did to slots, a plan", () => {
  test("adds and evicts none, takes out of rotation who is not declared, and never again", () => {
    fc.assert(
      fc.property(anyScene, ({ desired, running }) => {
        const { evict, add, remove } = planServers(desired, readBack(running));
        const names = new Set(desired.map(({ name }) => name));
        const leaving = running.filter(
          (server) => !names.has(server.name) && !(isSlot(server) && isOut(server)),
        );
        expect([evict, add]).toEqual([[], []]);
        expect(remove).toEqual(
          leaving.toSorted((a, b) => a.id - b.id).map(({ name }) => ({ kind: "remove", name })),
        );
      }),
      RUNS,
    );
  });

  test("reaches what is declared, keeps every slot where it is, and leaves nothing to plan", () => {
    fc.assert(
      fc.property(anyScene, ({ desired, running }) => {
        const actions = actionsOf(planServers(desired, readBack(running)));
        const reached = actions.reduce(applyAction, running);
        const places = (servers: readonly ModelServer[]) =>
          servers.filter(isSlot).map(({ name, id, address, follows }) => ({ name, id, address, follows }));
        expect(places(reached)).toEqual(places(running));
        expect(reached.filter((server) => !isSlot(server))).toEqual([]);
        const ready = reached.filter((server) => (server.adminBits & (1 | 8 | 16)) === 0);
        expect(ready.map(({ name, port, weight, checkBits }) => ({ name, port, weight, checkBits }))).toEqual(
          desired.map(({ name, port }) => ({ name, port, weight: 100, checkBits: 6 })),
        );
        expect(actionsOf(planServers(desired, readBack(reached)))).toEqual([]);
      }),
      RUNS,
    );
  });

  test("waits for the address of exactly those that come into rotation, before they do", () => {
    fc.assert(
      fc.property(anyScene, ({ desired, running }) => {
        const words = phasesTo(desired, found(running));
        const entering = running.filter(
          (server) => desired.some(({ name }) => name === server.name) && (server.adminBits & 27) !== 0,
        );
        const follow = entering.length === 0 ? [] : [`follow ${entering.map(({ name }) => name).join(" ")}`];
        expect(words.filter((each) => each.startsWith("follow"))).toEqual(follow);
        const order = words.map((each) =>
          ["follow", "change", "prove", "retire"].indexOf(each.split(/[ :]/)[0] ?? ""),
        );
        expect(order).toEqual(order.toSorted());
        expect(order).not.toContain(-1);
      }),
      RUNS,
    );
  });

  test("is the same in whatever order they are listed", () => {
    const shuffled = anyScene.chain((scene) =>
      fc.record({
        scene: fc.constant(scene),
        running: fc.shuffledSubarray([...scene.running], { minLength: scene.running.length }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ scene: { desired, running }, running: other }) => {
        expect(planServers(desired, readBack(other))).toEqual(planServers(desired, readBack(running)));
      }),
      RUNS,
    );
  });
});
