import { describe, expect, test } from "vitest";
import type { Mistake } from "../../../src/stack/settings-error.ts";
import { named } from "../../harness/named.ts";
import { type StackConfig, settingsOf } from "../../harness/pulumi-config.ts";
import { keysOf, refusal } from "../refusal.ts";

const machine = (n: number, more: object = {}) => ({
  engine: `tcp://10.0.0.${n}:2375`,
  address: `10.0.0.${n}`,
  ...more,
});
const TWO = { a: machine(1), b: machine(2) };
const SWARM = { engine: "swarm", machines: TWO };

/** As many machines, by name. */
const machines = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index}`, machine(index + 1)]));

test("a stack is on a Swarm with machines alone, and its runtime API speaks TLS", () => {
  const { swarm, balancers, runtimeTls } = settingsOf(SWARM);
  expect(swarm).toEqual({
    ...{ managers: [], rebalance: false, encrypted: false, mtu: undefined, slots: 32 },
    machines: [
      { name: "a", ...machine(1), isDown: false },
      { name: "b", ...machine(2), isDown: false },
    ],
  });
  expect([balancers, runtimeTls]).toEqual([2, { bind: "0.0.0.0", host: "", rotation: "1" }]);
});

test("machines are in the order of their names, whatever order they are written in", () => {
  const names = ({ swarm }: ReturnType<typeof settingsOf>) => swarm?.machines.map(({ name }) => name);
  const written = { "m-10": machine(1), B: machine(2), "2": machine(3), "m-9": machine(4), "10": machine(5) };
  expect(names(settingsOf({ ...SWARM, machines: written }))).toEqual(["10", "2", "B", "m-10", "m-9"]);
});

test.each([
  { bind: "0.0.0.0" },
  { runtimeTls: { enabled: true, rotation: 2 } },
  { "app.tmpfs": '["/a:size=9m"]' },
])("%j means on a Swarm what it means elsewhere", (more) => {
  expect(() => settingsOf({ ...SWARM, ...more })).not.toThrow();
});

describe("on a Swarm is refused", () => {
  const ONE_TO_SEVEN = "1 to 7 machines that have a balancer, with engine swarm";
  const OTHER = (part: string) => `an ${part} that machines.a does not have`;

  test.each(
    named<{ what: string; config: StackConfig; mistakes: readonly Mistake[] }>([
      {
        what: "no machine",
        config: { machines: {} },
        mistakes: [{ key: "machines", given: {}, allowed: ONE_TO_SEVEN }],
      },
      {
        what: "more machines than balancers have addresses",
        config: { machines: machines(8) },
        mistakes: [{ key: "machines", given: expect.anything(), allowed: ONE_TO_SEVEN }],
      },
      {
        what: "an engine that two machines have",
        config: { machines: { a: machine(1), b: { ...machine(2), engine: machine(1).engine } } },
        mistakes: [{ key: "machines.b.engine", given: "tcp://10.0.0.1:2375", allowed: OTHER("engine") }],
      },
      {
        what: "an address that two machines have",
        config: { machines: { a: machine(1), b: machine(2), c: { ...machine(3), address: "10.0.0.1" } } },
        mistakes: [{ key: "machines.c.address", given: "10.0.0.1", allowed: OTHER("address") }],
      },
      {
        what: "a stack of which every machine is dead",
        config: { machines: { a: machine(1, { down: true }), b: machine(2, { down: "true" }) } },
        mistakes: [
          { key: "machines", given: expect.anything(), allowed: "down: false for one machine at least" },
        ],
      },
      {
        what: "a number of balancers",
        config: { balancers: "3" },
        mistakes: [
          {
            ...{ key: "balancers", given: 3 },
            allowed: "nothing, with engine swarm: each of machines has a balancer",
          },
        ],
      },
      {
        what: "an address for all machines",
        config: { bind: "192.0.2.1" },
        mistakes: [
          {
            ...{ key: "bind", given: "192.0.2.1" },
            allowed: "nothing with engine swarm, for the addresses in machines, or 0.0.0.0",
          },
        ],
      },
      {
        what: "an address for the runtime APIs of all machines",
        config: { "runtimeTls.bind": "192.0.2.1" },
        mistakes: [
          {
            ...{ key: "runtimeTls.bind", given: "192.0.2.1" },
            allowed: "nothing, with engine swarm: the API is published where HTTP is",
          },
        ],
      },
      {
        what: "a host of the runtime APIs of all machines",
        config: { "runtimeTls.host": "docker.test" },
        mistakes: [
          {
            ...{ key: "runtimeTls.host", given: "docker.test" },
            allowed: "nothing, with engine swarm: each of machines has an address",
          },
        ],
      },
      {
        what: "a folder in memory from which programs may run",
        config: { "app.tmpfs": '["/tmp","/x:exec","/y:size=9m,exec"]' },
        mistakes: ["/x:exec", "/y:size=9m,exec"].map((given) => ({
          ...{ key: "app.tmpfs", given },
          allowed: "a folder without exec, which Swarm does not know",
        })),
      },
      {
        what: "a file of the app that is longer than a secret of Swarm's may be",
        config: { "app.files": JSON.stringify({ "/a": "x".repeat(512_000), "/b": "é".repeat(256_001) }) },
        mistakes: [{ key: "app.files", given: "/b", allowed: "texts of up to 500 kB, with engine swarm" }],
      },
      {
        what: "a network of which Swarm would give a balancer's address away",
        config: { subnet: "172.28.10.0/28" },
        mistakes: [
          {
            ...{ key: "subnet", given: "172.28.10.0/28" },
            allowed: "a network of /16 to /27, with engine swarm: Swarm has its upper half",
          },
        ],
      },
      {
        what: "a count for which the upper half of the network is too small",
        config: { count: "110" },
        mistakes: [
          { key: "count", given: 110, allowed: "0 to 109, the app addresses of subnet 172.28.10.0/24" },
        ],
      },
      {
        what: "a port for HTTP that the runtime API by TLS has",
        config: { "ports.http": "9443" },
        mistakes: [
          { key: "ports.runtimeTls", given: 9443, allowed: "a port that ports.http (9443) does not use" },
        ],
      },
    ]),
  )("%s", (_what, { config, mistakes }) => {
    expect(refusal({ ...SWARM, ...config }).mistakes).toEqual(mistakes);
  });

  test("all of it at once, one a line, each with its key, the value and what is allowed", () => {
    const same = { ...machine(1), down: true };
    const { message, mistakes } = refusal({
      ...{ engine: "swarm", machines: { a: same, b: same }, balancers: "2", bind: "10.0.0.9" },
      ...{
        runtimeTls: { bind: "10.0.0.9", host: "x" },
        "app.tmpfs": '["/x:exec"]',
        slots: "0",
        count: "110",
      },
    });
    expect(message.split("\n")).toEqual([
      'the config of stack "demo" has 10 mistakes:',
      ...mistakes.map(
        ({ key, given, allowed }) => `  - ${key}: ${JSON.stringify(given)} is refused; allowed: ${allowed}`,
      ),
    ]);
    expect(mistakes.map(({ key }) => key)).toEqual([
      ...["slots", "machines.b.engine", "machines.b.address", "machines", "balancers", "bind"],
      ...["runtimeTls.bind", "runtimeTls.host", "app.tmpfs", "count"],
    ]);
  });
});

describe("on one engine", () => {
  test("machines and managers are refused, since nothing would become of them", () => {
    const managers = ["ssh://ada@m1"];
    expect(refusal({ machines: TWO, swarm: { managers } }).mistakes).toEqual([
      { key: "machines", given: ["a", "b"], allowed: "nothing, with engine docker" },
      { key: "swarm.managers", given: managers, allowed: "nothing, with engine docker" },
    ]);
  });

  test("nothing is asked of what a Swarm alone has", () => {
    const { swarm } = settingsOf({ slots: "1", "app.restartDelay": "0", "swarm.mtu": "1400" });
    expect(swarm).toBeUndefined();
    const own = { balancers: "3", bind: "192.0.2.1", "app.tmpfs": '["/x:exec"]', subnet: "172.28.10.0/28" };
    expect(() => settingsOf({ ...own, runtimeTls: { enabled: true, host: "docker.test" } })).not.toThrow();
  });
});

test("where the engine itself is refused, nothing is said of what fits it or not", () => {
  expect(keysOf(refusal({ engine: "podman", machines: TWO }))).toEqual(["engine"]);
  expect(keysOf(refusal({ ...SWARM, machines: { a: { engine: "x" } }, balancers: "2" }))).toEqual([
    ...["machines", "balancers"],
  ]);
});
