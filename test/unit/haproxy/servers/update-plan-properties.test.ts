import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Action, actionsOf, planServers } from "../../../../src/haproxy/servers/update-plan.ts";
import { planTopology, type Server } from "../../../../src/stack/topology.ts";
import { settingsOf } from "../../../harness/pulumi-config.ts";
import { applyAction, asAdded, type ModelServer, readBack } from "./haproxy-model.ts";

const MOST = 8;
const ALL = {
  sticky: planTopology(settingsOf({ mode: "sticky", count: String(MOST) })).servers,
  hash: planTopology(settingsOf({ mode: "hash", count: String(MOST) })).servers,
};

interface Scene {
  readonly desired: readonly Server[];
  readonly running: readonly ModelServer[];
}

const mostly = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );

interface Damage {
  readonly addresses: readonly [string, ...string[]];
  readonly checks: readonly [number, ...number[]];
}

/** What the runtime API can mend in place, in every mixture. */
const MENDABLE: Damage = { addresses: ["10.0.0.1", "172.28.10.12"], checks: [2] };
/** Also servers that were added without a check or by a host name, neither of which HAProxy can change. */
const ANYHOW: Damage = { addresses: ["10.0.0.1", "-"], checks: [0, 2] };

/** Some running server: one that is declared, right or wrong in anything, or a stranger. */
function someServer(all: readonly Server[], { addresses, checks }: Damage): fc.Arbitrary<ModelServer> {
  const declared = fc.constantFrom(...all.map(asAdded));
  return declared.chain((right) =>
    fc.record({
      name: mostly(right.name, "s1", "s2", "s3", "blue", "green"),
      id: mostly(right.id, 1, 2, 3, 9, 10, 4711),
      address: mostly(right.address, ...addresses),
      port: mostly(right.port, 80),
      cookie: mostly(right.cookie, undefined, "s1", "other"),
      weight: mostly(right.weight, 0, 1, 256),
      adminBits: mostly(0, 1, 4, 8, 9, 16),
      checkBits: mostly(6, ...checks),
    }),
  );
}

const sceneWith = (damage: Damage): fc.Arbitrary<Scene> =>
  fc.constantFrom(ALL.sticky, ALL.hash).chain((all) =>
    fc.record({
      desired: fc.integer({ min: 0, max: MOST }).map((count) => all.slice(0, count)),
      running: fc
        .uniqueArray(someServer(all, damage), { maxLength: MOST, selector: ({ name }) => name })
        .map((servers) =>
          servers.filter(({ id }, index) => servers.findIndex((other) => other.id === id) === index),
        ),
    }),
  );

const actionsFor = ({ desired, running }: Scene): readonly Action[] =>
  actionsOf(planServers(desired, readBack(running)));
const nameOf = (action: Action): string => (action.kind === "add" ? action.server.name : action.name);
const byId = (a: ModelServer, b: ModelServer): number => a.id - b.id;

function expectReached(scene: Scene): void {
  const reached = actionsFor(scene).reduce(applyAction, scene.running);
  expect(reached.toSorted(byId)).toEqual(scene.desired.map(asAdded));
  expect(actionsFor({ ...scene, running: reached })).toEqual([]);
}

const RUNS = { numRuns: 500 };

describe("whatever runs and whatever is declared, the plan", () => {
  test("breaks none of HAProxy's rules, reaches what is declared, and leaves nothing to plan", () => {
    fc.assert(fc.property(sceneWith(MENDABLE), expectReached), RUNS);
  });

  test("does so for servers that HAProxy cannot change, too", () => {
    fc.assert(fc.property(sceneWith(ANYHOW), expectReached), RUNS);
  });

  test("is the same for the same input, in whatever order the servers are listed", () => {
    const shuffled = sceneWith(MENDABLE).chain((scene) =>
      fc.record({
        scene: fc.constant(scene),
        running: fc.shuffledSubarray([...scene.running], { minLength: scene.running.length }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ scene, running }) => {
        expect(actionsFor({ ...scene, running })).toEqual(actionsFor(scene));
      }),
      RUNS,
    );
  });

  test("does not touch a server that is right", () => {
    fc.assert(
      fc.property(sceneWith(ANYHOW), (scene) => {
        const running = new Map(scene.running.map((server) => [server.name, JSON.stringify(server)]));
        const right = scene.desired
          .map(asAdded)
          .filter((server) => running.get(server.name) === JSON.stringify(sameOrder(server)));
        const touched = actionsFor(scene).map(nameOf);
        expect(right.filter(({ name }) => touched.includes(name))).toEqual([]);
      }),
      RUNS,
    );
  });

  test("removes before the adds only what stands in their way", () => {
    fc.assert(
      fc.property(sceneWith(MENDABLE), (scene) => {
        const { evict } = planServers(scene.desired, readBack(scene.running));
        const evicted = scene.running.filter(({ name }) => evict.some((action) => nameOf(action) === name));
        const isInTheWay = (server: ModelServer): boolean =>
          scene.desired.some(({ name, id }) => name === server.name || id === server.id);
        expect(evicted.every(isInTheWay)).toBe(true);
        expect(evicted).toHaveLength(evict.length);
      }),
      RUNS,
    );
  });

  test("removes the servers that nobody declares after all adds and changes", () => {
    fc.assert(
      fc.property(sceneWith(MENDABLE), (scene) => {
        const { remove } = planServers(scene.desired, readBack(scene.running));
        const isFree = ({ name, id }: ModelServer): boolean =>
          scene.desired.every((server) => server.name !== name && server.id !== id);
        const undeclared = scene.running.filter(isFree).toSorted(byId);
        expect(remove).toEqual(undeclared.map(({ name }) => ({ kind: "remove", name })));
        expect(actionsFor(scene).slice(-remove.length || Number.POSITIVE_INFINITY)).toEqual(remove);
      }),
      RUNS,
    );
  });
});

/** With the keys in the order of the arbitrary's, for comparison as text. */
const sameOrder = ({
  name,
  id,
  address,
  port,
  cookie,
  weight,
  adminBits,
  checkBits,
}: ModelServer): ModelServer => ({
  ...{ name, id, address, port, cookie, weight, adminBits, checkBits },
});
