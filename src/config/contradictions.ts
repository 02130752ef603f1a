import type { Config } from "../stack/schema.ts";
import type { Mistake } from "../stack/settings-error.ts";
import { appCapacity } from "../stack/subnet.ts";

/** A value that is fine alone, and not beside those of other keys. */
export interface Contradiction extends Mistake {
  /** The other keys. */
  readonly beside: readonly string[];
}

export const findContradictions = (config: Config, stack: string): Contradiction[] => [
  ...ofCount(config),
  ...ofMounts(config),
  ...ofVolumes(config, stack),
  ...ofBalance(config),
  ...ofSessions(config),
  ...ofBuffer(config),
  ...ofTls(config),
  ...ofPorts(config),
];

function* ofCount({ count, subnet }: Config): Generator<Contradiction> {
  const most = appCapacity(subnet);
  if (count <= most) return;
  const allowed = `0 to ${most}, the app addresses of subnet ${subnet.cidr}`;
  yield { key: "count", given: count, allowed, beside: ["subnet"] };
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
function usedPorts({ ports, balancers, tls, runtimeTls, monitoring }: Config) {
  const isUsed: Readonly<Record<string, boolean>> = {
    https: tls.certificate !== "" || tls.selfSigned,
    runtimeTls: runtimeTls.enabled,
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
