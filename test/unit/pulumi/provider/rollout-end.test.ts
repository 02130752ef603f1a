import { expect, test } from "vitest";
import { type Labels, labelsOf } from "../../../../src/docker/labels.ts";
import { rolloutEnd } from "../../../../src/pulumi/provider/rollout-end.ts";
import { planTopology } from "../../../../src/stack/topology.ts";
import { settingsOf } from "../../../harness/pulumi-config.ts";
import { FakeManager } from "../../swarm/fake-manager.ts";

const { check, standIn } = planTopology(settingsOf());
const report = () => {};

/** A Swarm that has a service under the name of the stand-in, and the end of a roll-out there. */
async function withStandIn(Labels: Labels) {
  const manager = await FakeManager.start();
  manager.answers.set("/secrets", { status: 200, body: [] });
  manager.add({ Name: standIn.containerName, Labels });
  const inputs = {
    ...{ swarm: { managers: [manager.host] }, labels: labelsOf("demo", "state", "app") },
    ...{ mode: "hash" as const, standIn, balancers: [], servers: [], atATime: 1 },
    ...{ onFailure: "back" as const, check, drainTimeoutMs: 0, readyTimeoutMs: 0 },
  };
  return { manager, inputs };
}

test("the stand-in that a killed roll-out has left is removed", async () => {
  const { manager, inputs } = await withStandIn(labelsOf("demo", "state", "app"));
  await using _ = manager;
  expect(await rolloutEnd.differs(inputs, inputs)).toBe(true);
  await rolloutEnd.delete?.(inputs, report);
  expect(manager.changes).toEqual([`remove ${standIn.containerName}`]);
});

test("what somebody else has under the stand-in's name is left alone", async () => {
  const { manager, inputs } = await withStandIn({ "balancer.stack": "demo" });
  await using _ = manager;
  expect(await rolloutEnd.differs(inputs, inputs)).toBe(false);
  await rolloutEnd.delete?.(inputs, report);
  expect(manager.changes).toEqual([]);
});
