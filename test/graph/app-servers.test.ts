import { describe, expect, test } from "vitest";
import { declareChildren } from "../../src/pulumi/children.ts";
import { recordGraph } from "./recorded-graph.ts";

type Config = Parameters<typeof recordGraph>[0];
type Before = Parameters<typeof recordGraph>[2];

/** Which app servers each app server waits for, by the names of the servers. */
async function waits(config: Config, before: Before) {
  const graph = await recordGraph(config, declareChildren, before);
  const servers = [...graph].filter(([, { type }]) => type === "balancer:index:AppServer");
  const short = (name: string): string => name.replace("demo-podinfo", "s");
  return Object.fromEntries(
    servers.map(([name, { after }]) => [
      short(name),
      after.filter((each) => each.startsWith("demo-podinfo")).map(short),
    ]),
  );
}

describe("app servers", () => {
  test("wait for nothing but network and balancers where nothing is replaced", async () => {
    expect(await waits({ count: "4" }, { apps: { 1: "same", 2: "same" } })).toEqual({
      s1: [],
      s2: [],
      s3: [],
      s4: [],
    });
    const graph = await recordGraph({ count: "1", balancers: "2" }, declareChildren);
    expect(graph.get("demo-podinfo1")?.after.toSorted()).toEqual([
      "demo-balancer",
      "demo-haproxy1",
      "demo-haproxy1-upkeep",
      "demo-haproxy2",
      "demo-haproxy2-upkeep",
    ]);
  });

  test("are replaced one after the other", async () => {
    const before = { apps: { 1: "old", 2: "old", 3: "old" } };
    expect(await waits({ count: "3" }, before)).toEqual({ s1: [], s2: ["s1"], s3: ["s2"] });
  });

  test("are replaced some at a time, each after the one that makes room", async () => {
    const before = { apps: { 1: "old", 2: "old", 3: "old", 4: "old", 5: "old" } };
    expect(await waits({ count: "5", "rollout.batch": "2" }, before)).toEqual({
      s1: [],
      s2: [],
      s3: ["s1"],
      s4: ["s2"],
      s5: ["s3"],
    });
  });

  test("that are down or drained are replaced first", async () => {
    const before = { apps: { 1: "old", 2: "old", 3: "old" }, serving: ["s1", "s2"] };
    expect(await waits({ count: "3" }, before)).toEqual({ s3: [], s1: ["s3"], s2: ["s1"] });
  });

  test("that stay or are new are proved before the first that is replaced, which alone waits", async () => {
    const before = { apps: { 1: "same", 2: "old", 3: "old", 4: "old" } };
    expect(await waits({ count: "5", "rollout.batch": "2" }, before)).toEqual({
      s1: [],
      s5: [],
      s2: ["s1", "s5"],
      s3: ["s2"],
      s4: ["s2"],
    });
    const graph = await recordGraph({ count: "5" }, declareChildren, before);
    const proved = [...graph].filter(([, { inputs }]) => inputs.isProvedFirst === true).map(([name]) => name);
    expect(proved).toEqual(["demo-podinfo1", "demo-podinfo5"]);
  });

  test("are replaced all at once where none is up", async () => {
    const before = { apps: { 1: "old", 2: "old", 3: "old" }, isAllDown: true };
    expect(await waits({ count: "3" }, before)).toEqual({ s1: [], s2: [], s3: [] });
  });

  test("keep in the state what grows with their number, not with its square", async () => {
    const size = async (count: number) => {
      const apps = Object.fromEntries(Array.from({ length: count }, (_, index) => [index + 1, "old"]));
      const config = { count: String(count), "rollout.batch": "50%" };
      const graph = await recordGraph(config, declareChildren, { apps });
      const servers = [...graph].filter(([, { type }]) => type === "balancer:index:AppServer");
      return JSON.stringify(servers).length;
    };
    const [few, many] = [await size(20), await size(200)];
    expect(many / few).toBeLessThan(11);
  });
});

test("a roll-out ends after all app servers, and before the sync", async () => {
  const graph = await recordGraph({ count: "2" }, declareChildren);
  expect(graph.get("demo-standin")?.after).toEqual(
    expect.arrayContaining(["demo-podinfo1", "demo-podinfo2"]),
  );
  expect(graph.get("demo-haproxy1-runtime")?.after).toContain("demo-standin");
  expect(graph.get("demo-standin")?.inputs.servers).toMatchObject([{ name: "s1" }, { name: "s2" }]);
});

describe("the container of an app server", () => {
  test("gets exactly what its definition names", async () => {
    const graph = await recordGraph(
      { count: "1", "app.env": '{"A":"b"}', "app.memory": "1g", "app.security": "restricted" },
      declareChildren,
    );
    expect(graph.get("demo-podinfo1")?.inputs).toMatchObject({
      server: { name: "s1", id: 1, address: "172.28.10.11", port: 9898, cookie: "s1" },
      container: {
        Image: "stefanprodan/podinfo:6.9.2",
        Env: ["A=b"],
        HostConfig: {
          NetworkMode: "demo-balancer",
          Memory: 1024 * 1024 * 1024,
          CapDrop: ["ALL"],
          ReadonlyRootfs: true,
          RestartPolicy: { Name: "always" },
        },
        NetworkingConfig: {
          EndpointsConfig: { "demo-balancer": { IPAMConfig: { IPv4Address: "172.28.10.11" } } },
        },
      },
      pids: 512,
      check: { path: "/readyz", host: "localhost", status: "200-399" },
      standIn: { name: "standin", id: 1001, address: "172.28.10.239", isBackup: true },
      onFailure: "back",
      labels: { "balancer.stack": "demo", "balancer.role": "app" },
    });
  });

  test.each([
    { "app.image": "other:1" },
    { "app.command": '["./other"]' },
    { "app.env": '{"A":"c"}' },
    { "app.port": "9000" },
    { "app.user": "1000" },
    { "app.security": "restricted" },
    { "app.readOnly": "true" },
    { "app.tmpfs": '["/tmp"]' },
    { "app.capabilities": '["CHOWN"]' },
    { "app.allowPrivilegeEscalation": "false" },
    { "app.memory": "1g" },
    { "app.files": "2048" },
    { subnet: "172.29.0.0/24" },
  ])("is another where $0 changes", async (change) => {
    const definitionOf = async (config: Config) =>
      (await recordGraph({ count: "1", ...config }, declareChildren)).get("demo-podinfo1")?.inputs.definition;
    expect(await definitionOf(change)).not.toBe(await definitionOf({}));
  });

  test("is the same where the limit of processes, the count or the mode changes", async () => {
    const definitionOf = async (config: Config) =>
      (await recordGraph(config, declareChildren)).get("demo-podinfo1")?.inputs.definition;
    const same = { "app.pids": "64", count: "7", mode: "hash", drainTimeout: "1s" };
    expect(await definitionOf(same)).toBe(await definitionOf({}));
  });
});
