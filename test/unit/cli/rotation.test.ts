import { beforeEach, describe, expect, test } from "vitest";
import { checkNames, onEach } from "../../../src/cli/rotation.ts";
import { endpointsOf } from "../../../src/cli/stack-outputs.ts";
import { Haproxy } from "../../../src/haproxy/runtime/client.ts";
import { RuntimeError } from "../../../src/haproxy/runtime/runtime-error.ts";
import { BACKEND, planTopology } from "../../../src/stack/topology.ts";
import { CapturedCaller } from "../../harness/captured-caller.ts";
import { settingsOf } from "../../harness/pulumi-config.ts";
import { asAdded, readBack } from "../haproxy/servers/haproxy-model.ts";

const { servers: topology } = planTopology(settingsOf({ count: "3" }));
const running = readBack(topology.map(asAdded));
const declared = {
  servers: topology.map(({ name, address, port }) => ({ name, address: `${address}:${port}` })),
};
const haproxy = new Haproxy({ kind: "tcp", host: "127.0.0.1", port: 9999 }, BACKEND);
const all = { haproxy, servers: running };

describe("names of servers", () => {
  test("are taken once each, in the order given", () => {
    expect(checkNames(["s3", "s1", "s3"], declared, [all])).toEqual(["s3", "s1"]);
  });

  test("are refused all at once, with those that are allowed", () => {
    expect(() => checkNames(["s1", "s9", "s2\n"], declared, [all])).toThrow(
      'server: "s9" is refused; server: "s2\\n" is refused; allowed: s1, s2, s3',
    );
  });

  test("must be known to every balancer", () => {
    const without = { haproxy, servers: running.slice(1) };
    expect(() => checkNames(["s1"], declared, [all, without])).toThrow(
      'server: "s1" is refused, it is declared but not in HAProxy; allowed: s2, s3',
    );
    expect(checkNames(["s2"], declared, [all, without])).toEqual(["s2"]);
  });

  test("may be those of a server that somebody added by hand", () => {
    expect(checkNames(["s3"], { servers: declared.servers.slice(0, 2) }, [all])).toEqual(["s3"]);
  });

  test("are none when HAProxy has no server", () => {
    expect(() => checkNames(["s1"], { servers: [] }, [{ haproxy, servers: [] }])).toThrow(
      "allowed: none, HAProxy has no server",
    );
  });
});

describe("a balancer's number", () => {
  const two = { runtimeEndpoints: ["127.0.0.1:9999", "127.0.0.1:10000"] };
  const port = (n: number) => ({ kind: "tcp", host: "127.0.0.1", port: n });

  test("picks its runtime API; without it all are meant", () => {
    expect(endpointsOf(two, 2)).toEqual([port(10000)]);
    expect(endpointsOf(two)).toEqual([port(9999), port(10000)]);
  });

  test("beyond the last is refused, with those that are allowed", () => {
    expect(() => endpointsOf(two, 3)).toThrow("--balancer: 3 is refused; allowed: 1 to 2");
    expect(() => endpointsOf({ runtimeEndpoints: ["127.0.0.1:9999"] }, 2)).toThrow(
      "--balancer: 2 is refused; allowed: 1, the only balancer of the stack",
    );
  });
});

describe("what is done on each balancer", () => {
  let caller: CapturedCaller;
  beforeEach(() => {
    caller = new CapturedCaller();
  });
  const failOn = (failing: readonly number[], error: Error) =>
    onEach(caller, [1, 2, 3], async (n) => {
      if (failing.includes(n)) throw error;
      return `done on ${n}`;
    });
  const unreachable = new RuntimeError("unreachable", "HAProxy at 127.0.0.1:1 is not reachable");

  test("is done on the others where one fails, which is told", async () => {
    expect(await failOn([2], unreachable)).toEqual(["done on 1", "done on 3"]);
    expect(caller.run).toMatchObject({
      exitCode: 1,
      stdout: "",
      stderr: "warning: HAProxy at 127.0.0.1:1 is not reachable\n",
    });
  });

  test("fails where it fails on all, or something else is wrong", async () => {
    await expect(failOn([1, 2, 3], unreachable)).rejects.toThrow(unreachable);
    await expect(failOn([2], new TypeError("wrong"))).rejects.toThrow("wrong");
    expect(caller.run.output).toBe("");
    expect(await onEach(caller, [], () => Promise.reject(unreachable))).toEqual([]);
  });
});
