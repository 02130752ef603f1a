import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { trialArguments, trialName } from "../../src/haproxy/file/server-line.ts";
import { command } from "../../src/haproxy/runtime/command.ts";
import { runRaw } from "../../src/haproxy/runtime/connection.ts";
import { removeServers } from "../../src/haproxy/servers/retire.ts";
import { DASHBOARD_TEXT, QUERIES } from "../harness/dashboard.ts";
import { get, Load } from "../harness/load.ts";
import { named } from "../harness/named.ts";
import { PrometheusApi } from "../harness/prometheus-api.ts";
import { sendRaw } from "../harness/raw-requests.ts";
import { docker } from "../harness/running-stack.ts";
import { EchoSocket } from "../harness/sockets.ts";
import { TestStack } from "../harness/stack.ts";
import { placeOf } from "../harness/stack-places.ts";
import type { ProgramRun } from "../harness/started-program.ts";
import { until } from "../harness/until.ts";

const PODINFO = "stefanprodan/podinfo:6.9.2";
const { prometheus: PROMETHEUS_PORT, grafana: GRAFANA_PORT } = placeOf("e2e-monitoring").ports;
/** Prometheus starts, and looks every 5 s. */
const SCRAPED_MS = 60_000;

/**
 * Queries that may give 0 here: no alert lasts long enough, no connection fails for good, and nothing takes a
 * millisecond.
 */
const QUIET: ReadonlySet<string> = new Set([
  "Alerts firing A",
  "Errors per server (errors/s) A",
  "Connect and queue time (ms) A",
  "Connect and queue time (ms) B",
]);

let stack: TestStack;
let started: ProgramRun;
let startMs: number;

beforeAll(async () => {
  stack = await TestStack.create({
    name: "e2e-monitoring",
    config: {
      monitoring: true,
      balancers: 2,
      "ports.prometheus": PROMETHEUS_PORT,
      "ports.grafana": GRAFANA_PORT,
      // Grafana is in no package registry. Any other image shows what is declared for it, and proves nothing
      // about Grafana.
      grafanaImage: PODINFO,
    },
  });
  started = await stack.command("start");
  expect(started.exitCode).toBe(0);
});
afterAll(() => stack?.dispose());

const containerName = (role: string): string => `${stack.name}-${role}`;
const api = (port = PROMETHEUS_PORT): PrometheusApi => new PrometheusApi(`http://127.0.0.1:${port}`);

const containerIds = async (): Promise<{ prometheus: string; grafana: string }> => {
  const [prometheus, grafana] = await Promise.all(
    ["prometheus", "grafana"].map((role) => docker.getContainer(containerName(role)).inspect()),
  );
  return { prometheus: prometheus?.Id ?? "", grafana: grafana?.Id ?? "" };
};

/** Changes the stack while clients use it, which takes a new worker and must cost no request. */
async function reloadUnderLoad(changes: Parameters<TestStack["up"]>[0]): Promise<void> {
  const before = await stack.haproxyIdentity();
  const load = new Load([stack.urlOf(1)], { clients: 6 });
  await stack.up(changes);
  await load.settle();
  const { failures } = await load.stop();
  const after = await stack.haproxyIdentity();
  expect(failures).toEqual([]);
  expect(after.pid).not.toBe(before.pid);
  expect({ ...after, pid: before.pid }).toEqual(before);
}

test("start tells where Prometheus and Grafana are", () => {
  expect(started.output).toContain(
    `Prometheus   http://127.0.0.1:${PROMETHEUS_PORT}\n  Grafana      http://127.0.0.1:${GRAFANA_PORT}\n`,
  );
});

test("monitoring goes without a trace, and comes again, and no client notices", async () => {
  const own = ["grafana", "prometheus", "prometheus-data"].map(containerName);
  const all = await stack.resources();
  expect(all).toEqual(expect.arrayContaining(own));

  await reloadUnderLoad({ monitoring: false });
  expect(await stack.resources()).toEqual(all.filter((name) => !own.includes(name)));
  const outputs = await stack.outputs();
  expect(Object.keys(outputs).filter((name) => /prometheus|grafana/.test(name))).toEqual([]);
  expect(outputs.haproxyConfig).not.toContain("172.28.113.9");

  startMs = Date.now();
  await reloadUnderLoad({ monitoring: true });
  expect(await stack.resources()).toEqual(all);
  expect(await stack.outputs()).toMatchObject({
    prometheusUrl: `http://127.0.0.1:${PROMETHEUS_PORT}`,
    grafanaUrl: `http://127.0.0.1:${GRAFANA_PORT}`,
  });
});

describe("a stack with monitoring", () => {
  test.each([
    {
      role: "prometheus",
      address: "172.28.113.9",
      port: "9090/tcp",
      hostPort: PROMETHEUS_PORT,
      volumes: ["/prometheus"],
    },
    { role: "grafana", address: "172.28.113.10", port: "3000/tcp", hostPort: GRAFANA_PORT, volumes: [] },
  ])(
    "has $role at its address, on loopback only, and Docker starts it again",
    async ({ role, address, port, hostPort, volumes }) => {
      const { Config, HostConfig, NetworkSettings, Mounts } = await docker
        .getContainer(containerName(role))
        .inspect();
      expect(NetworkSettings.Networks[containerName("balancer")]?.IPAddress).toBe(address);
      expect(HostConfig.PortBindings).toEqual({
        [port]: [{ HostIp: "127.0.0.1", HostPort: String(hostPort) }],
      });
      expect(HostConfig.RestartPolicy?.Name).toBe("always");
      expect(Config.Labels).toMatchObject({ "balancer.stack": stack.name, "balancer.role": role });
      expect(Mounts.map(({ Destination }) => Destination)).toEqual(volumes);
      expect(HostConfig).toMatchObject({
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges"],
        Privileged: false,
        PidsLimit: 512,
      });
      expect(HostConfig.Memory).toBeGreaterThan(0);
    },
  );

  test("has put data source and dashboard where Grafana looks for them", async () => {
    expect(await fileOf("grafana", "/etc/grafana/provisioning/datasources/prometheus.yml")).toContain(
      "url: http://172.28.113.9:9090\n",
    );
    expect(await fileOf("grafana", "/etc/grafana/provisioning/dashboards/balancer.yml")).toContain(
      "path: /etc/grafana/dashboards\n",
    );
    expect(await fileOf("grafana", "/etc/grafana/dashboards/haproxy.json")).toBe(DASHBOARD_TEXT);
  });

  test.each([1, 2])("lets Prometheus alone read the metrics of balancer %i, and nothing else", async (n) => {
    const url = `http://172.28.113.${n + 1}:8404`;
    expect(await statusFrom("prometheus", `${url}/metrics`)).toBe("200");
    expect(await statusFrom("prometheus", `${url}/`)).toBe("403");
    expect(await statusFrom("prometheus", `${url}/;csv`)).toBe("403");
    for (const other of ["grafana", "podinfo1"])
      expect(await statusFrom(other, `${url}/metrics`)).toBe("000");
    for (const path of ["/metrics", "/"])
      expect((await fetch(`http://127.0.0.1:${stack.ports.stats + n - 1}${path}`)).status).toBe(200);
  });

  test("keeps its limits and its address, whatever somebody changes while it runs", async () => {
    const before = await containerIds();
    const [prometheus, grafana] = [containerName("prometheus"), containerName("grafana")];
    const MIB = 1024 * 1024;
    await docker.getContainer(prometheus).update({ Memory: 700 * MIB, MemorySwap: -1, NanoCpus: 1e9 });
    const network = docker.getNetwork(containerName("balancer"));
    await network.disconnect({ Container: prometheus, Force: true });
    await docker.getContainer(grafana).update({ RestartPolicy: { Name: "no" } });
    expect((await stack.command("plan")).output.split("\n")).toEqual([
      `in place: memory 700m → 1024m, memory-swap none → 2048m, cpus 1 → all, address none → 172.28.113.9 (${prometheus})`,
      `in place: restart no → always (${grafana})`,
      "",
    ]);
    await stack.up();
    expect(await containerIds()).toEqual(before);
    expect((await stack.command("plan")).output).toBe("nothing to change\n");
    expect((await fetch(`http://127.0.0.1:${PROMETHEUS_PORT}/-/ready`)).status).toBe(200);
  });

  test("scrapes every balancer, labelled with its name", async () => {
    await until(
      async () => (await api().targets()).filter(({ health }) => health === "up").length === 2,
      SCRAPED_MS,
    );
    const targets = await api().targets();
    expect(targets.map(({ labels, scrapeUrl }) => [labels.balancer, scrapeUrl]).toSorted()).toEqual([
      ["haproxy1", "http://172.28.113.2:8404/metrics"],
      ["haproxy2", "http://172.28.113.3:8404/metrics"],
    ]);
  });

  test("runs a config and alerts that promtool accepts, and the alerts do what they say", async () => {
    const { exitCode, words } = await promtool("check", "config", "/etc/prometheus/prometheus.yml");
    expect(words).toMatch(/SUCCESS: .* is valid prometheus config file syntax/);
    expect(words).toMatch(/SUCCESS: 3 rules found/);
    expect(exitCode).toBe(0);
    expect(await promtool("test", "rules", "/dev/stdin")).toEqual({
      exitCode: 0,
      words: expect.stringContaining("SUCCESS"),
    });
  });
});

describe("after traffic, errors, a crash and a reload", () => {
  beforeAll(async () => {
    await until(async () => (await api().range("up == 1", startMs)).length === 2, SCRAPED_MS);
    await setServers("maint");
    for (let n = 0; n < 5; n++) expect((await get(stack.url)).status).toBe(503);
    await setServers("ready");
    const sockets = await Promise.all(["a", "b", "c"].map((id) => EchoSocket.open(stack.url, id)));
    const load = new Load([stack.urlOf(1), stack.urlOf(2)], { clients: 6, pauseMs: 10 });
    for (let n = 0; n < 10; n++) {
      for (const path of ["/status/404", "/status/503", "/delay/0"]) await get(stack.url + path);
    }
    await Promise.all(
      Array.from({ length: 5 }, () =>
        sendText("GET / HTTP/1.1\r\nHost: a\r\nX-Session-ID: a\r\nX-Session-ID: b\r\n\r\n"),
      ),
    );
    await Promise.all(Array.from({ length: 5 }, () => sendText("GE T / HTTP/1.1\r\n\r\n")));
    await scrapeTrial();
    const interrupted = Array.from({ length: 6 }, () => get(`${stack.url}/delay/1`));
    await sleep(200);
    await docker.getContainer(containerName("podinfo2")).kill();
    expect(new Set((await Promise.all(interrupted)).map(({ status }) => status))).toEqual(new Set([200]));
    await until(
      async () =>
        (await api().range('haproxy_server_status{server="s2", state="DOWN"} == 1', startMs)).length === 2,
      SCRAPED_MS,
    );
    // Back again, by an update that reloads, and replaces Prometheus as well.
    const before = await containerIds();
    expect(
      await stack.up({ "app.readyPath": "/healthz", "ports.prometheus": PROMETHEUS_PORT + 2 }),
    ).toContain("reload: config");
    const after = await containerIds();
    expect([after.prometheus === before.prometheus, after.grafana === before.grafana]).toEqual([false, true]);
    await until(
      async () =>
        (
          await api(PROMETHEUS_PORT + 2).range(
            "changes(haproxy_process_start_time_seconds[20s]) > 0",
            startMs,
          )
        ).length === 2,
      SCRAPED_MS,
    );
    for (const socket of sockets) socket.end();
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
  });

  test.each(named(QUERIES))("the dashboard's query has data: %s", async (what, { expr }) => {
    const series = await api(PROMETHEUS_PORT + 2).range(expr, startMs);
    const values = series.flatMap((each) => each.values);
    expect(values.length).toBeGreaterThan(0);
    expect(values.filter((value) => !Number.isFinite(value))).toEqual([]);
    if (!QUIET.has(what)) expect(Math.max(...values)).toBeGreaterThan(0);
  });

  test("the dashboard tells which server was down", async () => {
    const { expr } = QUERIES.find(({ what }) => what === "State of each server A") ?? { expr: "" };
    const states = (await api(PROMETHEUS_PORT + 2).range(expr, startMs)).map(({ labels, values }) => ({
      server: `${labels.balancer} ${labels.server}`,
      wasDown: values.includes(0),
      isUp: values.at(-1) === 1,
    }));
    const expected = ["haproxy1", "haproxy2"].flatMap((balancer) =>
      ["s1", "s2", "s3"].map((server) => ({ balancer, server })),
    );
    expect(states.toSorted((a, b) => a.server.localeCompare(b.server))).toEqual(
      expected.map(({ balancer, server }) => ({
        server: `${balancer} ${server}`,
        wasDown: server === "s2",
        isUp: true,
      })),
    );
  });

  test("Prometheus, in a new container, still knows what it saw in the old one", async () => {
    const [first] = await api(PROMETHEUS_PORT + 2).range(
      'count_over_time(up{balancer="haproxy1"}[10m])',
      startMs,
    );
    const { State } = await docker.getContainer(containerName("prometheus")).inspect();
    const older = await api(PROMETHEUS_PORT + 2).range("up", startMs);
    expect(first?.values.length).toBeGreaterThan(0);
    expect(Date.parse(State.StartedAt)).toBeGreaterThan(startMs);
    expect(older.length).toBe(2);
  });
});

test("destroy leaves nothing", async () => {
  await stack.destroy();
  expect(await stack.resources()).toEqual([]);
});

const sendText = (text: string): Promise<string> => sendRaw("127.0.0.1", stack.ports.http, Buffer.from(text));

async function setServers(state: "maint" | "ready"): Promise<void> {
  for (const server of ["s1", "s2", "s3"])
    await runRaw(stack.runtime, command(`set server webservers/${server} state ${state}`));
}

/**
 * Has balancer 1 try a check that s2 does not pass until Prometheus has looked. An update tries one for so
 * short a time that a scrape falls into it by chance alone.
 */
async function scrapeTrial(): Promise<void> {
  const s2 = {
    name: "s2",
    id: 2,
    address: "172.28.113.12",
    port: 9898,
    containerName: containerName("podinfo2"),
  };
  using haproxy = stack.haproxyOf(1);
  const { add, checkWith } = haproxy.steps;
  await haproxy.runSteps([
    ...checkWith(trialName(s2), { path: "/status/404", host: "localhost", status: "200-399" }),
    ...add(trialName(s2), trialArguments(s2)),
  ]);
  const scrape = `timestamp(up{balancer="haproxy1"}) > ${Date.now() / 1000}`;
  await until(async () => (await api().range(scrape, startMs)).length === 1, SCRAPED_MS);
  const metrics = await fetch(`http://127.0.0.1:${stack.ports.stats}/metrics`);
  expect(await metrics.text()).toContain('server="try-s2"');
  await removeServers({ haproxy, drainTimeoutMs: 5_000 }, [trialName(s2)], () => {});
}

/** The HTTP status that a container's place on the network gets; 000 where the connection is closed. */
async function statusFrom(role: string, url: string): Promise<string> {
  const place = ["--network", `container:${containerName(role)}`];
  const curl = spawn("docker", [
    ...["run", "--rm", "--pull", "never", ...place, "--entrypoint", "curl", PODINFO],
    ...["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "5", url],
  ]);
  return text(curl.stdout);
}

/** Runs the promtool that comes with the Prometheus of the stack, with the tests of the alerts on stdin. */
async function promtool(...args: readonly string[]): Promise<{ exitCode: number; words: string }> {
  const run = spawn("docker", ["exec", "--interactive", containerName("prometheus"), "promtool", ...args]);
  const words = Promise.all([text(run.stdout), text(run.stderr)]);
  run.stdin.end(readFileSync(new URL("./alerts.promtool.yml", import.meta.url)));
  const [exitCode] = await once(run, "close");
  return { exitCode, words: (await words).join("") };
}

/** A file as the container's own user reads it. */
async function fileOf(role: string, path: string): Promise<string> {
  return text(spawn("docker", ["exec", containerName(role), "cat", path]).stdout);
}
