import { expect, test } from "vitest";
import { labelsOf } from "../../../src/docker/labels.ts";
import { planTopology } from "../../../src/stack/topology.ts";
import { checkNamesFree } from "../../../src/swarm/found-services.ts";
import { settingsOf } from "../../harness/pulumi-config.ts";
import { FakeManager } from "./fake-manager.ts";

const TOPOLOGY = planTopology(settingsOf({ count: "2" }));

test("names of a stack's services are free where its own or nobody's have them", async () => {
  await using manager = await FakeManager.start();
  manager.add({ Name: "demo-podinfo1", Labels: labelsOf("demo", "state", "app") });
  manager.add({ Name: "demo-podinfo2", Labels: labelsOf("demo", "of a checkout that was moved", "app") });
  for (const Name of ["demo-podinfo3", "demo-podinfo10", "demo-standin2", "demo-other", "demo"])
    manager.add({ Name });
  await checkNamesFree(manager.docker, TOPOLOGY);
});

test("names that somebody else's services have are told, all of them at once", async () => {
  await using manager = await FakeManager.start();
  manager.add({ Name: "demo-podinfo1", Labels: labelsOf("another", "state", "app") });
  manager.add({ Name: "demo-podinfo2", Labels: { "balancer.stack": "demo" } });
  manager.add({ Name: "demo-standin" });
  const told = ["podinfo1", "podinfo2", "standin"].map(
    (name) =>
      `service name demo-${name} is taken by a service of somebody else; ` +
      `remove it (docker service rm demo-${name}) or rename the stack`,
  );
  await expect(checkNamesFree(manager.docker, TOPOLOGY)).rejects.toMatchObject({
    name: "EngineError",
    message: told.join("\n"),
  });
});
