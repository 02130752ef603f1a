import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { STACK_LABEL } from "../../src/docker/labels.ts";
import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import { readProcessInfo } from "../../src/haproxy/runtime/process-info.ts";
import { CONTAINER_PORTS, PEER_PORTS } from "../../src/stack/container-ports.ts";
import { get } from "../harness/load.ts";
import { docker } from "../harness/running-stack.ts";
import { shell } from "../harness/shell.ts";
import { TestStack } from "../harness/stack.ts";

let stack: TestStack;

/** The worst case: several balancers, and HTTP for the whole world. */
beforeAll(async () => {
  stack = await TestStack.create({
    name: "e2e-exposure",
    config: { balancers: 2, count: 2, bind: "0.0.0.0" },
  });
  await stack.up();
  const other = await docker.createNetwork({ Name: OTHER_NETWORK, Labels: { [STACK_LABEL]: stack.name } });
  await Promise.all([start(NEIGHBOUR, `${stack.name}-balancer`), start(STRANGER, other.id)]);
});
afterAll(() => stack?.dispose());

const APP = "e2e-exposure-podinfo1";
/** A container that is none of the stack's, on its network … */
const NEIGHBOUR = "e2e-exposure-neighbour";
/** … and on another one. */
const STRANGER = "e2e-exposure-stranger";
const OTHER_NETWORK = "e2e-exposure-other";

async function start(name: string, network: string): Promise<void> {
  const container = await docker.createContainer({
    name,
    Image: "stefanprodan/podinfo:6.9.2",
    Labels: { [STACK_LABEL]: stack.name },
    HostConfig: { NetworkMode: network },
  });
  await container.start();
}

interface Door {
  readonly host: string;
  readonly port: number;
}

/** What opens a conversation on one of HAProxy's ports, as `printf` reads it. */
const GREETINGS = {
  http: "GET / HTTP/1.0\\r\\n\\r\\n",
  metrics: "GET /metrics HTTP/1.0\\r\\n\\r\\n",
  worker: "show info\\n",
  master: "@master show proc\\n",
  peer: "HAProxyS 2.1\\nhaproxy1\\nhaproxy2 1 1\\n",
} as const;

/** The doors that answer a container with as much as a byte to any greeting, as `host:port greeting`. */
async function answersTo(container: string, doors: readonly Door[]): Promise<string[]> {
  const attempts = doors.flatMap((door) =>
    Object.entries(GREETINGS).map(([what, greeting]) => ({ ...door, what, greeting })),
  );
  const line = attempts
    .map(
      ({ host, port, what, greeting }) =>
        `(echo ${host}:${port} ${what} $(printf '${greeting}' | nc -w 5 ${host} ${port} 2>/dev/null | wc -c)) &`,
    )
    .join(" ");
  const printed = await shell(container, `${line} wait`);
  const results = printed.split(/\r?\n/).map((each) => each.split(" "));
  expect(results).toHaveLength(attempts.length); // each was tried
  return results.flatMap(([door, what, bytes]) => (Number(bytes) > 0 ? [`${door} ${what}`] : [])).sort();
}

const balancerAddress = (n: number): string => stack.gateway.replace(/1$/, String(n + 1));
/** Everything that a HAProxy with peers listens on, on its network. */
const PORTS: readonly number[] = [
  CONTAINER_PORTS.http,
  CONTAINER_PORTS.stats,
  CONTAINER_PORTS.runtime,
  PEER_PORTS.network,
];
const doorsOf = (n: number): Door[] => PORTS.map((port) => ({ host: balancerAddress(n), port }));
/** What HTTP answers to: a request, whatever it is for. */
const httpAnswers = (host: string, port: number): string[] =>
  ["http", "master", "metrics", "peer", "worker"].map((what) => `${host}:${port} ${what}`);

describe("HAProxy's container", () => {
  test("listens on the ports that are known, and on no other", async () => {
    const sockets = await shell(stack.haproxyName, "cat /proc/net/tcp /proc/net/tcp6");
    const listening = [...sockets.matchAll(/^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F:]+ 0A /gm)].map(
      ([, address = "", port = ""]) => ({
        isLoopback: address.endsWith("7F"), // the bytes of 127.x come last to first
        port: Number.parseInt(port, 16),
      }),
    );
    const open = listening.filter(({ isLoopback }) => !isLoopback).map(({ port }) => port);
    expect([...new Set(open)].sort((a, b) => a - b)).toEqual([...PORTS].sort((a, b) => a - b));
    expect(listening.filter(({ port }) => port === PEER_PORTS.loopback)).toEqual([
      { isLoopback: true, port: PEER_PORTS.loopback },
    ]);
  });

  test.each([APP, NEIGHBOUR])("lets %s connect to none of its 65,535 ports but these", async (container) => {
    const found = await shell(
      container,
      `nc -z -v -w 1 ${balancerAddress(1)} 1-65535 2>&1 | grep -o '[0-9]* port .*succeeded'; echo done`,
    );
    const ports = [...found.matchAll(/^(\d+) port /gm)].map(([, port]) => Number(port));
    expect(found).toMatch(/done$/);
    // a connection that HAProxy resets at once may look like one that was refused
    expect(ports).toContain(CONTAINER_PORTS.http);
    expect(ports.filter((port) => !PORTS.includes(port))).toEqual([]);
  });

  test.each([APP, NEIGHBOUR])(
    "answers %s on the port for HTTP, and not with a byte on another",
    async (container) => {
      const answers = await answersTo(container, [...doorsOf(1), ...doorsOf(2)]);
      expect(answers).toEqual([1, 2].flatMap((n) => httpAnswers(balancerAddress(n), CONTAINER_PORTS.http)));
    },
  );

  test("does not answer a container on another network", async () => {
    expect(await answersTo(STRANGER, [...doorsOf(1), ...doorsOf(2)])).toEqual([]);
  });
});

describe("the Docker host", () => {
  /**
   * Addresses by which the host is reached from elsewhere, its bridges included, but those of other stacks.
   */
  const addresses = (): string[] =>
    Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .flatMap(({ family, internal, address }) => (family === "IPv4" && !internal ? [address] : []))
      .filter((address) => address === stack.gateway || !address.startsWith("172.28."));
  const published = (host: string): Door[] =>
    [stack.ports.http, stack.ports.runtime, stack.ports.stats].flatMap((first) =>
      [0, 1].map((n) => ({ host, port: first + n })),
    );

  test.each([APP, STRANGER])(
    "passes %s on to HTTP, by any of its addresses, and to nothing else",
    async (container) => {
      const hosts = addresses();
      expect(hosts).toContain(stack.gateway);
      expect(hosts.length).toBeGreaterThan(1);
      const answers = await answersTo(container, hosts.flatMap(published));
      expect(answers).toEqual(
        hosts.flatMap((host) => [0, 1].flatMap((n) => httpAnswers(host, stack.ports.http + n))).sort(),
      );
    },
  );

  test("passes itself on to stats and runtime API, on its loopback alone", async () => {
    for (const n of [1, 2]) {
      expect((await stack.ask(readProcessInfo, n)).reloads).toBe(0);
      expect((await get(`http://127.0.0.1:${stack.ports.stats + n - 1}/metrics`)).body).toContain(
        "haproxy_process_",
      );
      for (const address of addresses()) {
        await expect(
          runRaw({ kind: "tcp", host: address, port: stack.ports.runtime + n - 1 }, command("show info")),
        ).rejects.toThrow("ECONNREFUSED");
        await expect(get(`http://${address}:${stack.ports.stats + n - 1}/`)).rejects.toThrow("ECONNREFUSED");
      }
    }
  });
});

test("a runtime command from an app container has no effect and no answer", async () => {
  const before = await stack.haproxyIdentity();
  const commands = [
    "set server webservers/s2 state maint",
    "disable frontend http",
    "shutdown sessions server webservers/s2",
    "@master reload",
    "@1 set weight webservers/s1 0",
  ];
  const line = commands.map(
    (command) =>
      `printf '${command}\\n' | nc -w 5 ${balancerAddress(1)} ${CONTAINER_PORTS.runtime} 2>/dev/null | wc -c`,
  );
  expect((await shell(APP, line.join("; "))).split(/\s+/)).toEqual(commands.map(() => "0"));
  expect(await stack.haproxyIdentity()).toEqual(before);
  expect((await stack.ask(readProcessInfo)).reloads).toBe(0);
  const states = [...(await stack.servers()).values()].map(({ name, adminState, isUp, weight }) => ({
    name,
    adminState,
    isUp,
    weight,
  }));
  expect(states).toEqual(
    ["s1", "s2"].map((name) => ({ name, adminState: "ready", isUp: true, weight: 100 })),
  );
  expect((await get(stack.url)).status).toBe(200);
});
