import { describe, expect, test } from "vitest";
import { findApp, resumeApp } from "../../../src/docker/app-container.ts";
import { findDrift } from "../../../src/docker/drift.ts";
import { inspectContainer } from "../../../src/docker/engine-replies.ts";
import { DEFINITION_LABEL } from "../../../src/docker/labels.ts";
import { changedLimits } from "../../../src/docker/limits.ts";
import { type ScriptedEngine, scriptedEngine } from "./scripted-engine.ts";

const MIB = 1024 * 1024;
const LIMITS = { memory: 512 * MIB, pids: 512 };
const BOTH = { Memory: 512 * MIB, MemorySwap: 1024 * MIB };
/** As the engine reports a container that nobody has touched. */
const CREATED = { ...BOTH, PidsLimit: 512, RestartPolicy: { Name: "always", MaximumRetryCount: 0 } };
const HOST = { NCPU: 2, SwapLimit: true };

/** An engine with a container of which some things are otherwise. */
const engineWith = (hostConfig: object, host: object = HOST, others: object = {}): Promise<ScriptedEngine> =>
  scriptedEngine({
    "/containers/x/json": {
      Id: "1",
      Name: "/x",
      Config: { Labels: { [DEFINITION_LABEL]: "made" } },
      State: { Running: true },
      HostConfig: { ...CREATED, ...hostConfig },
      NetworkSettings: { Networks: { demo: { IPAddress: "172.28.10.2" } } },
      ...others,
    },
    "/containers/1/update": {},
    "/networks/demo/connect": {},
    "/networks/other/disconnect": {},
    "/networks/demo/disconnect": {},
    "/info": host,
  });

const changesOf = ({ asked }: ScriptedEngine): string[] => asked.filter((each) => each.startsWith("POST"));

/** What is found of the app's limits, and what the engine is asked for to mend them. */
async function mend(hostConfig: object, host?: object): Promise<{ words: string[]; update: unknown }> {
  await using engine = await engineWith(hostConfig, host);
  const app = await findApp(engine.docker, "x");
  if (app === undefined) throw new Error("there is no container");
  const words = (await changedLimits(engine.docker, app.hostConfig, LIMITS)).map((each) => each.words);
  await resumeApp(engine.docker, app, LIMITS);
  const [update] = changesOf(engine).map((each) =>
    JSON.parse(each.slice("POST /containers/1/update ".length)),
  );
  return { words, update };
}

describe("what docker update changed", () => {
  test.each([
    { is: { Memory: 256 * MIB }, words: ["memory 256m → 512m"], update: BOTH },
    {
      is: { Memory: 2048 * MIB, MemorySwap: 4096 * MIB },
      words: ["memory 2048m → 512m", "memory-swap 4096m → 1024m"],
      update: BOTH,
    },
    { is: { MemorySwap: -1 }, words: ["memory-swap none → 1024m"], update: BOTH },
    { is: { MemorySwap: 512 * MIB }, words: ["memory-swap 512m → 1024m"], update: BOTH },
    {
      is: { MemoryReservation: 100 * MIB },
      words: ["memory-reservation 100m → none"],
      update: { MemoryReservation: -1 },
    },
    { is: { NanoCpus: 1e9 }, words: ["cpus 1 → all"], update: { NanoCpus: 2e9 } },
    { is: { CpuQuota: 50_000 }, words: ["cpus 0.5 → all"], update: { CpuQuota: -1 } },
    { is: { CpuQuota: 50_000, CpuPeriod: 200_000 }, words: ["cpus 0.25 → all"], update: { CpuQuota: -1 } },
    { is: { CpuShares: 2 }, words: ["cpu-shares 2 → 1024"], update: { CpuShares: 1024 } },
    { is: { CpusetCpus: "1" }, words: ["cpuset-cpus 1 → all"], update: { CpusetCpus: "0-1" } },
    { is: { PidsLimit: 99 }, words: ["pids 99 → 512"], update: { PidsLimit: 512 } },
    { is: { PidsLimit: null }, words: ["pids none → 512"], update: { PidsLimit: 512 } },
    {
      is: { RestartPolicy: { Name: "no" } },
      words: ["restart no → always"],
      update: { RestartPolicy: { Name: "always" } },
    },
    {
      is: { PidsLimit: 99, CpuShares: 2 },
      words: ["cpu-shares 2 → 1024", "pids 99 → 512"],
      update: { CpuShares: 1024, PidsLimit: 512 },
    },
  ])("is told and mended by one update: $words", async ({ is, words, update }) => {
    expect(await mend(is)).toEqual({ words, update });
  });

  test.each([
    ["nothing", {}],
    ["all processors, which the engine writes instead of none", { NanoCpus: 2e9, CpusetCpus: "0-1" }],
    ["all processors by their numbers, and the usual shares", { CpusetCpus: "0,1", CpuShares: 1024 }],
    ["no quota, and a period that bounds nothing", { CpuQuota: -1, CpuPeriod: 50_000 }],
    ["no reservation", { MemoryReservation: -1 }],
  ])("is no difference if it says %s", async (_what, is) => {
    expect(await mend(is)).toEqual({ words: [], update: undefined });
  });

  test("is no difference where the host does not count swap", async () => {
    expect(await mend({ MemorySwap: -1 }, { NCPU: 2 })).toEqual({ words: [], update: undefined });
    expect(await mend({ Memory: MIB, MemorySwap: -1 }, { NCPU: 2 })).toEqual({
      words: ["memory 1m → 512m"],
      update: { Memory: 512 * MIB, MemorySwap: -1 },
    });
  });

  test("makes another container where no engine takes it back while the container runs", async () => {
    const definitionWith = async (hostConfig: object) => {
      await using engine = await engineWith(hostConfig);
      return (await findApp(engine.docker, "x"))?.definition;
    };
    expect(await definitionWith({})).toBe("made");
    for (const key of ["BlkioWeight", "KernelMemory", "CpuRealtimePeriod", "CpuRealtimeRuntime"])
      expect(await definitionWith({ [key]: 500 })).toBe("");
    expect(await definitionWith({ CpusetMems: "0" })).toBe("");
  });

  test("costs a look at the host only where something changed", async () => {
    await using engine = await engineWith({});
    const app = await findApp(engine.docker, "x");
    expect(app && (await changedLimits(engine.docker, app.hostConfig, LIMITS))).toEqual([]);
    expect(engine.asked).toEqual(["GET /containers/x/json"]);
  });
});

describe("a container that Pulumi made", () => {
  const look = async (others: object) => {
    await using engine = await engineWith({}, HOST, others);
    const found = await inspectContainer(engine.docker, "x");
    if (found === undefined) throw new Error("there is no container");
    const upkeep = { limits: LIMITS, network: "demo", address: "172.28.10.2" };
    const { limits, address, networks, mend } = await findDrift(engine.docker, found, upkeep);
    await mend();
    return { words: [...limits, ...address, ...networks], changes: changesOf(engine) };
  };
  const ENDPOINT = '{"Container":"1","EndpointConfig":{"IPAMConfig":{"IPv4Address":"172.28.10.2"}}}';

  test("needs nothing while it is as declared", async () => {
    expect(await look({})).toEqual({ words: [], changes: [] });
  });

  test("is connected again", async () => {
    expect(await look({ NetworkSettings: { Networks: { other: { IPAddress: "172.17.0.2" } } } })).toEqual({
      words: ["address none → 172.28.10.2", "network other → none"],
      changes: [
        'POST /networks/other/disconnect {"Container":"1","Force":true}',
        `POST /networks/demo/connect ${ENDPOINT}`,
      ],
    });
  });

  test("gets its address back", async () => {
    expect(await look({ NetworkSettings: { Networks: { demo: { IPAddress: "172.28.10.77" } } } })).toEqual({
      words: ["address 172.28.10.77 → 172.28.10.2"],
      changes: [
        'POST /networks/demo/disconnect {"Container":"1","Force":true}',
        `POST /networks/demo/connect ${ENDPOINT}`,
      ],
    });
  });

  test("is named where the engine refuses", async () => {
    await using engine = await engineWith({ CpuShares: 2 }, HOST, { Id: "gone" });
    const found = await inspectContainer(engine.docker, "x");
    const upkeep = { limits: LIMITS, network: "demo", address: "172.28.10.2" };
    const drift = found && (await findDrift(engine.docker, found, upkeep));
    await expect(drift?.mend()).rejects.toThrow(
      "container x cannot be mended: no such thing: /containers/gone/update",
    );
  });
});
