import { describe, expect, test } from "vitest";
import { STACK_LABEL, STATE_LABEL } from "../../../src/docker/labels.ts";
import { createBridge } from "../../../src/docker/network.ts";
import { scriptedEngine } from "./scripted-engine.ts";

const LABELS = { [STACK_LABEL]: "demo", [STATE_LABEL]: "state" };
const WANTED = {
  name: "demo-balancer",
  subnet: "172.28.10.0/24",
  gateway: "172.28.10.1",
  ipRange: "172.28.10.240/28",
  labels: LABELS,
};
const MADE = {
  Name: "demo-balancer",
  CheckDuplicate: true,
  Driver: "bridge",
  IPAM: {
    Driver: "default",
    Config: [{ Subnet: "172.28.10.0/24", Gateway: "172.28.10.1", IPRange: "172.28.10.240/28" }],
  },
  Labels: LABELS,
};
const NOTHING = { "/networks": [], "/containers/json": [], "/networks/create": { Id: "new" } };

const changes = (asked: readonly string[]): string[] => asked.filter((each) => !each.startsWith("GET"));

describe("a stack's network", () => {
  test("is made with its labels, and with addresses that the stack leaves to others", async () => {
    await using engine = await scriptedEngine(NOTHING);
    expect(await createBridge(engine.docker, WANTED)).toBe("new");
    expect(changes(engine.asked)).toEqual([`POST /networks/create ${JSON.stringify(MADE)}`]);
  });

  test("takes the place of one that an update left which was killed", async () => {
    const left = { Id: "left", Name: "demo-balancer", Labels: LABELS, IPAM: { Config: [] } };
    await using engine = await scriptedEngine({
      ...NOTHING,
      "/networks/demo-balancer": left,
      "/networks/left": {},
    });
    expect(await createBridge(engine.docker, WANTED)).toBe("new");
    expect(changes(engine.asked)).toEqual([
      "DELETE /networks/left",
      `POST /networks/create ${JSON.stringify(MADE)}`,
    ]);
  });

  test("is not made over one of another checkout, nor where its addresses are taken", async () => {
    const labels = { ...LABELS, [STATE_LABEL]: "another" };
    const other = { Id: "1", Name: "demo-balancer", Labels: labels, IPAM: { Config: [] } };
    await using theirs = await scriptedEngine({ ...NOTHING, "/networks/demo-balancer": other });
    await expect(createBridge(theirs.docker, WANTED)).rejects.toThrow(
      /^network name demo-balancer is taken by /,
    );
    expect(changes(theirs.asked)).toEqual([]);
    const near = { Id: "2", Name: "near", IPAM: { Config: [{ Subnet: "172.28.0.0/16" }] } };
    await using taken = await scriptedEngine({ ...NOTHING, "/networks": [near] });
    await expect(createBridge(taken.docker, WANTED)).rejects.toThrow(
      /^subnet 172\.28\.10\.0\/24 overlaps 172\.28\.0\.0\/16 of Docker network near; /,
    );
    expect(changes(taken.asked)).toEqual([]);
  });

  test("that Docker refuses is told in its words", async () => {
    const { "/networks/create": _, ...refusing } = NOTHING;
    await using engine = await scriptedEngine(refusing);
    await expect(createBridge(engine.docker, WANTED)).rejects.toThrow(
      /^network demo-balancer cannot be made: .*no such thing/,
    );
  });
});
