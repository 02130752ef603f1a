import type { Config } from "../stack/schema.ts";
import type { Mistake } from "../stack/settings-error.ts";
import { appCapacity, GRAFANA, MAX_BALANCERS, swarmCapacity, swarmRange } from "../stack/subnet.ts";
import { LOOPBACK } from "../stack/topology.ts";

/** A value that is fine alone, and not beside those of other keys. */
export interface Contradiction extends Mistake {
  /** The other keys. */
  readonly beside: readonly string[];
}

export const findContradictions = (config: Config, stack: string): Contradiction[] => [
  ...ofEngine(config),
  ...ofMachines(config),
  ...ofSwarm(config),
  ...ofServices(config),
  ...ofCount(config),
  ...ofMounts(config),
  ...ofVolumes(config, stack),
  ...ofBalance(config),
  ...ofSessions(config),
  ...ofBuffer(config),
  ...ofTls(config),
  ...ofPorts(config),
];

/** What means something on a Swarm alone would be lost without a word. */
function* ofEngine({ engine, machines, swarm }: Config): Generator<Contradiction> {
  if (engine === "swarm") return;
  const allowed = "nothing, with engine docker";
  const beside = ["engine"];
  const names = Object.keys(machines);
  if (names.length > 0) yield { key: "machines", given: names, allowed, beside };
  const { managers } = swarm;
  if (managers.length > 0) yield { key: "swarm.managers", given: managers, allowed, beside };
}

function* ofMachines({ engine, machines }: Config): Generator<Contradiction> {
  if (engine !== "swarm") return;
  const beside = ["engine"];
  const found = Object.entries(machines);
  if (found.length === 0 || found.length > MAX_BALANCERS) {
    const allowed = `1 to ${MAX_BALANCERS} machines that have a balancer, with engine swarm`;
    yield { key: "machines", given: machines, allowed, beside };
  }
  for (const [index, [name, machine]] of found.entries())
    for (const part of ["engine", "address"] as const) {
      const other = found.slice(0, index).find(([, each]) => each[part] === machine[part]);
      if (other === undefined) continue;
      const allowed = `an ${part} that machines.${other[0]} does not have`;
      yield { key: `machines.${name}.${part}`, given: machine[part], allowed, beside: ["machines"] };
    }
  if (found.length > 0 && found.every(([, { down }]) => down)) {
    const allowed = "false for one machine at least";
    yield { key: "machines", given: machines, allowed: `down: ${allowed}`, beside };
  }
}

/** What means something on one Docker engine alone would be lost without a word, too. */
function* ofSwarm({ engine, balancers, bind, runtimeTls, subnet }: Config): Generator<Contradiction> {
  if (engine !== "swarm") return;
  const beside = ["engine"];
  if (balancers !== 1) {
    const allowed = "nothing, with engine swarm: each of machines has a balancer";
    yield { key: "balancers", given: balancers, allowed, beside };
  }
  if (![LOOPBACK, "0.0.0.0"].includes(bind)) {
    const allowed = "nothing with engine swarm, for the addresses in machines, or 0.0.0.0";
    yield { key: "bind", given: bind, allowed, beside };
  }
  if (runtimeTls.bind !== "0.0.0.0") {
    const allowed = "nothing, with engine swarm: the API is published where HTTP is";
    yield { key: "runtimeTls.bind", given: runtimeTls.bind, allowed, beside };
  }
  if (runtimeTls.host !== "") {
    const allowed = "nothing, with engine swarm: each of machines has an address";
    yield { key: "runtimeTls.host", given: runtimeTls.host, allowed, beside };
  }
  // Swarm would give a task the address of a balancer, of Prometheus or of Grafana.
  if (swarmRange(subnet).first <= subnet.first + GRAFANA) {
    const allowed = "a network of /16 to /27, with engine swarm: Swarm has its upper half";
    yield { key: "subnet", given: subnet.cidr, allowed, beside };
  }
}

/** What the containers of a Swarm's services cannot have. */
function* ofServices({ engine, app }: Config): Generator<Contradiction> {
  if (engine !== "swarm") return;
  const beside = ["engine"];
  const { files } = app;
  for (const [given, content] of typeof files === "number" ? [] : Object.entries(files)) {
    if (Buffer.byteLength(content) <= MOST_SECRET_BYTES) continue;
    yield { key: "app.files", given, allowed: "texts of up to 500 kB, with engine swarm", beside };
  }
  for (const given of app.tmpfs ?? []) {
    if (!/:.*exec/.test(given)) continue;
    yield { key: "app.tmpfs", given, allowed: "a folder without exec, which Swarm does not know", beside };
  }
}

/** A secret of a Swarm has at most so many. */
const MOST_SECRET_BYTES = 500 * 1024;

function* ofCount({ engine, count, subnet }: Config): Generator<Contradiction> {
  const most = engine === "swarm" ? swarmCapacity(subnet) : appCapacity(subnet);
  if (count <= most) return;
  const allowed = `0 to ${most}, the app addresses of subnet ${subnet.cidr}`;
  yield { key: "count", given: count, allowed, beside: ["subnet", "engine"] };
}

/** Docker mounts one thing at a path. */
function* ofMounts({ app: { volumes, tmpfs = [], files } }: Config): Generator<Contradiction> {
  const paths = typeof files === "number" ? [] : Object.keys(files);
  const all = [
    ...tmpfs.map((text) => ({ key: "app.tmpfs", text, path: text.split(":")[0] })),
    ...volumes.map((text) => ({ key: "app.volumes", text, path: text.split(":")[1] })),
    ...paths.map((path) => ({ key: "app.files", text: path, path })),
  ];
  for (const [index, { key, text, path }] of all.entries()) {
    const other = all.slice(0, index).find((each) => each.path === path);
    if (other === undefined) continue;
    yield { key, given: text, allowed: `a path that ${other.key} does not use`, beside: [other.key] };
  }
}

function* ofVolumes({ app: { volumes } }: Config, stack: string): Generator<Contradiction> {
  const own = new RegExp(`^${RegExp.escape(stack)}-(haproxy\\d+-config|prometheus-data|files-.*)$`);
  for (const given of volumes.filter((each) => own.test(each.split(":")[0] ?? "")))
    yield { key: "app.volumes", given, allowed: "a volume that is not the stack's own", beside: [] };
}

function* ofBalance({ mode, balance }: Config): Generator<Contradiction> {
  if (mode !== "hash" || balance !== "leastconn") return;
  const allowed = "roundrobin or random in mode hash, where HAProxy counts no connections";
  yield { key: "balance", given: balance, allowed, beside: ["mode"] };
}

/** What HAProxy 3.2 was measured to take for each, with 50,000 of them. */
const BYTES_PER_SESSION = 400;

function* ofSessions({ mode, session, haproxy }: Config): Generator<Contradiction> {
  const most = Math.floor((haproxy.memory * MIB) / 2 / BYTES_PER_SESSION);
  if (mode !== "sticky" || session.size <= most) return;
  const allowed = `at most ${most} with haproxy.memory ${haproxy.memory}m, half of which they may take`;
  yield { key: "session.size", given: session.size, allowed, beside: ["mode", "haproxy.memory"] };
}

/** So many buffers fit into a HAProxy's memory: those of a hundred requests, and of what else it does. */
const LEAST_BUFFERS = 256;

function* ofBuffer({ haproxy }: Config): Generator<Contradiction> {
  const most = haproxy.memory * (MIB / LEAST_BUFFERS);
  if (haproxy.buffer <= most) return;
  const allowed = `16k to ${most / KIB}k, 1/${LEAST_BUFFERS} of haproxy.memory ${haproxy.memory}m`;
  yield { key: "haproxy.buffer", given: `${haproxy.buffer / KIB}k`, allowed, beside: ["haproxy.memory"] };
}

const KIB = 1024;
const MIB = KIB ** 2;

function* ofTls({ tls }: Config): Generator<Contradiction> {
  if (tls.certificate !== "" && tls.selfSigned) {
    const allowed = "false, where tls.certificate names a file";
    yield { key: "tls.selfSigned", given: true, allowed, beside: ["tls.certificate"] };
  }
  if (tls.redirect && tls.certificate === "" && !tls.selfSigned) {
    const allowed = "false, without tls.certificate or tls.selfSigned";
    yield { key: "tls.redirect", given: true, allowed, beside: ["tls.certificate", "tls.selfSigned"] };
  }
}

function* ofPorts(config: Config): Generator<Contradiction> {
  const used = usedPorts(config);
  for (const [index, { key, port, span }] of used.entries()) {
    for (const other of used.slice(0, index)) {
      if (port >= other.port + other.span || other.port >= port + span) continue;
      const allowed = `a port that ${other.key} (${other.port}) does not use`;
      yield { key, given: port, allowed, beside: [other.key] };
    }
  }
}

/** Finds the host ports, those in a row that belong to one key together. */
function usedPorts({ engine, ports, balancers, tls, runtimeTls, monitoring }: Config) {
  const isUsed: Readonly<Record<string, boolean>> = {
    https: tls.certificate !== "" || tls.selfSigned,
    runtimeTls: runtimeTls.enabled || engine === "swarm",
    prometheus: monitoring,
    grafana: monitoring,
  };
  return Object.entries(ports)
    .filter(([name]) => isUsed[name] ?? true)
    .map(([name, port]) => ({
      key: `ports.${name}`,
      port,
      span: name === "prometheus" || name === "grafana" ? 1 : balancers,
    }));
}
