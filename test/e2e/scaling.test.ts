import { expect, test } from "vitest";
import { Load } from "../harness/load.ts";
import { describeScaling, serverNames } from "../harness/scaling.ts";
import { TestStack } from "../harness/stack.ts";
import { placeOf } from "../harness/stack-places.ts";

const stack = describeScaling("sticky", {
  create: async () => {
    const created = await TestStack.create({ name: "e2e-scaling", config: { count: 3 } });
    await created.up();
    return created;
  },
  scale: (scaled, count) => scaled.up({ count }),
  pauseMs: 30,
});

test("tells its addresses", async () => {
  const { name, url, ports } = stack();
  expect(await stack().outputs()).toMatchObject({
    mode: "sticky",
    urls: [url],
    runtimeEndpoints: [`127.0.0.1:${ports.runtime}`],
    statsUrls: [`http://127.0.0.1:${ports.stats}`],
    servers: serverNames(4).map((server, index) => ({
      name: server,
      address: `${placeOf(name).prefix}.${11 + index}:9898`,
    })),
  });
});

test("an update with nothing to do changes nothing, after HAProxy was restarted too", async () => {
  expect(await stack().up()).toMatch(/Resources:\s+\d+ unchanged\s+Duration/);
});

test("plain pulumi destroy leaves nothing of its stack, and does not touch another", async () => {
  const other = await TestStack.create({ name: "e2e-beside", config: { count: 1 } });
  try {
    await other.up();
    expect(await other.resources()).toHaveLength(4);
    const load = new Load(other.url, { clients: 4 });
    await stack().destroy();
    const { failures } = await load.stop();
    expect(await stack().resources()).toEqual([]);
    expect(failures).toEqual([]);
  } finally {
    await other.dispose();
  }
});
