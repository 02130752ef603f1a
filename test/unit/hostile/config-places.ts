import { expect } from "vitest";
import { readHead } from "../../../src/haproxy/file/head.ts";
import { configMadeFrom } from "../../../src/stack/made-from.ts";
import type { Settings } from "../../../src/stack/settings.ts";
import { planTopology } from "../../../src/stack/topology.ts";

/** How a key's text is read, and what stands without one, spelled out once more. */
interface Place {
  /** Texts that are accepted. */
  readonly good: readonly string[];
  /** What such a text says … */
  readonly given: (text: string) => unknown;
  /** … and where it is found in the settings. */
  readonly taken: (settings: Settings) => unknown;
  /** What is found there by default. */
  readonly initial: unknown;
  /** What else is configured, where the key has no meaning without it. */
  readonly beside?: Readonly<Record<string, string>>;
  /**
   * A config whose haproxy.cfg differs in the key's own places alone; the defaults and what is beside them
   * unless given.
   */
  readonly base?: (settings: Settings) => Readonly<Record<string, string>>;
}

const same = (text: string): string => text;
const json = (text: string): unknown => JSON.parse(text);
const truth = (text: string): boolean => text === "true";
const MEMORY_UNIT: Readonly<Record<string, number>> = { m: 1, g: 1024 };
const megabytes = (text: string): number =>
  Number(text.slice(0, -1)) * (MEMORY_UNIT[text.slice(-1)] ?? Number.NaN);
const milliseconds = (text: string): number => {
  const [, number, unit] = /^(\d+)(ms|s|m|h)?$/.exec(text) ?? [];
  return Number(number) * (unit === "ms" ? 1 : unit === "h" ? 3_600_000 : unit === "m" ? 60_000 : 1_000);
};

const UNIT_BYTES: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const bytes = (text: string): number =>
  Number(text.slice(0, -1)) * (UNIT_BYTES[text.slice(-1)] ?? Number.NaN);
const PODINFO_COMMAND = '["./podinfo","--port={port}","--level=debug"]';
const MONITORED = { monitoring: "true" };
const HTTPS = { "tls.selfSigned": "true" };
const LIMITED = { "limits.requests": "1/1s" };
const RUNTIME_TLS = { "runtimeTls.enabled": "true" };
/** Without these two the keys of a Swarm mean nothing. */
const SWARM = {
  engine: "swarm",
  machines: '{"a":{"engine":"tcp://10.0.0.1:2375","address":"10.0.0.1"}}',
};

/** Machines in the order of their names, as the settings have them. */
const machinesIn = (text: string) =>
  Object.entries<{ engine: string; address: string; down?: unknown }>(JSON.parse(text))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { engine, address, down = false }]) => ({
      ...{ name, engine, address },
      isDown: String(down) === "true",
    }));

export const KEYS: Readonly<Record<string, Place>> = {
  mode: { initial: "sticky", good: ["sticky", "hash"], given: same, taken: ({ mode }) => mode },
  count: { initial: 3, good: ["0", "3", "12", "228"], given: Number, taken: ({ count }) => count },
  "app.image": {
    initial: "stefanprodan/podinfo:6.9.2",
    good: ["haproxy:3.2", "stefanprodan/podinfo:6.9.2", "r.test:5000/a/b@sha256:".concat("a".repeat(64))],
    given: same,
    taken: ({ app }) => app.image,
  },
  "app.pull": {
    initial: "missing",
    good: ["missing", "always"],
    given: same,
    taken: ({ app }) => app.pull,
  },
  "app.platform": {
    initial: "",
    good: ["linux/amd64", "linux/arm64/v8", ""],
    given: same,
    taken: ({ app }) => app.platform,
  },
  "app.port": {
    initial: 9898,
    good: ["", "1", "80", "9898", "65535"],
    given: (text) => Number(text || 9898),
    taken: ({ app }) => app.port,
  },
  "app.readyPath": {
    initial: "/readyz",
    good: ["", "/readyz", "/a?b=c&d", "/~u/%2e,@:+"],
    given: (text) => text || "/readyz",
    taken: ({ app }) => app.check.path,
  },
  "app.check.interval": {
    initial: 500,
    good: ["500ms", "100ms", "10s"],
    given: milliseconds,
    taken: ({ app }) => app.check.intervalMs,
    base: ({ app }) => ({ "app.check.interval": `${app.check.intervalMs}ms` }),
  },
  "app.check.timeout": {
    initial: 2_000,
    good: ["2s", "100ms", "5m"],
    given: milliseconds,
    taken: ({ app }) => app.check.timeoutMs,
  },
  "app.check.rise": {
    initial: 1,
    good: ["1", "3"],
    given: Number,
    taken: ({ app }) => app.check.rise,
    base: ({ app }) => ({ "app.check.rise": String(app.check.rise) }),
  },
  "app.check.fall": {
    initial: 2,
    good: ["1", "3"],
    given: Number,
    taken: ({ app }) => app.check.fall,
    base: ({ app }) => ({ "app.check.fall": String(app.check.fall) }),
  },
  "app.check.host": {
    initial: "localhost",
    good: ["", "shop.example.com", "10.0.0.1:80", "a_b"],
    given: (text) => text || "localhost",
    taken: ({ app }) => app.check.host,
  },
  "app.check.status": {
    initial: "200-399",
    good: ["", "200", "200-299,401", "100-499"],
    given: (text) => text || "200-399",
    taken: ({ app }) => app.check.status,
  },
  "app.maxConnections": {
    initial: 0,
    good: ["0", "1", "100000"],
    given: Number,
    taken: ({ app }) => app.maxConnections,
    base: ({ app }) => ({ "app.maxConnections": String(app.maxConnections) }),
  },
  "app.command": {
    initial: ["./podinfo", "--port=9898", "--level=debug"],
    good: ["", '["./podinfo","--port={port}"]', "[]", '["sh","-c","exec \\"$0\\"; x"]'],
    given: (text) =>
      (JSON.parse(text || PODINFO_COMMAND) as string[]).map((word) => word.replaceAll("{port}", "9898")),
    taken: ({ app }) => app.command,
  },
  "app.env": {
    initial: [],
    good: ['{"A":"x"}', "{}", '{"A_1":"$HOME \\"","b":1,"c":true}'],
    given: (text) => Object.entries(JSON.parse(text)).map(([name, value]) => [name, String(value)]),
    taken: ({ app }) => Object.entries(app.env),
  },
  "app.security": {
    initial: [false, [], undefined, true],
    good: ["docker", "restricted"],
    given: (text) => (text === "docker" ? [false, [], undefined, true] : [true, ["/tmp"], [], false]),
    taken: ({ app }) => {
      const { readOnly, tmpfs, capabilities, allowPrivilegeEscalation } = app.confinement;
      return [readOnly, tmpfs, capabilities, allowPrivilegeEscalation];
    },
  },
  "app.user": {
    initial: "",
    good: ["", "app", "1000", "1000:1000"],
    given: same,
    taken: ({ app }) => app.confinement.user,
  },
  "app.readOnly": {
    initial: false,
    good: ["", "true", "false"],
    given: truth,
    taken: ({ app }) => app.confinement.readOnly,
  },
  "app.tmpfs": {
    initial: [],
    good: ["", '["/tmp"]', "[]", '["/a/b.c","/d-e"]'],
    given: (text) => json(text || "[]"),
    taken: ({ app }) => app.confinement.tmpfs,
  },
  "app.capabilities": {
    initial: undefined,
    good: ["", '["NET_BIND_SERVICE"]', "[]", '["CHOWN","SETUID"]'],
    given: (text) => (text === "" ? undefined : json(text)),
    taken: ({ app }) => app.confinement.capabilities,
  },
  "app.allowPrivilegeEscalation": {
    initial: true,
    good: ["", "true", "false"],
    given: (text) => text !== "false",
    taken: ({ app }) => app.confinement.allowPrivilegeEscalation,
  },
  "app.memory": {
    initial: 512,
    good: ["512m", "2g", "16m"],
    given: megabytes,
    taken: ({ app }) => app.confinement.limits.memoryMb,
  },
  "app.pids": {
    initial: 512,
    good: ["16", "512"],
    given: Number,
    taken: ({ app }) => app.confinement.limits.pids,
  },
  "app.openFiles": {
    initial: 16_384,
    good: ["1024", "16384"],
    given: Number,
    taken: ({ app }) => app.confinement.limits.files,
  },
  "app.files": {
    initial: [{}, 16_384],
    good: ['{"/etc/app.conf":"a\\nb"}', "{}", '{"/a/b-c":"{n}","/d":"x"}', "1024", "16384"],
    given: (text) => (/^\d+$/.test(text) ? [{}, Number(text)] : [JSON.parse(text), 16_384]),
    taken: ({ app }) => [app.files, app.confinement.limits.files],
  },
  "app.volumes": {
    initial: [],
    good: ["[]", '["data:/data"]', '["data-{n}:/a/b:ro","/srv/{n}/x:/c"]'],
    given: json,
    taken: ({ app }) => app.volumes,
  },
  "app.networks": {
    initial: [],
    good: ["[]", '["db"]', '["a_b.c-d","e"]'],
    given: json,
    taken: ({ app }) => app.networks,
  },
  "app.labels": {
    initial: {},
    good: ["{}", '{"com.example.a":"b c"}', '{"traefik.enable":true,"n":"{n}"}'],
    given: (text) =>
      Object.fromEntries(Object.entries(JSON.parse(text)).map(([name, value]) => [name, String(value)])),
    taken: ({ app }) => app.labels,
  },
  "app.hostname": {
    initial: "",
    good: ["", "app-{n}", "a.b-c"],
    given: same,
    taken: ({ app }) => app.hostname,
  },
  "app.stopSignal": {
    initial: "",
    good: ["", "SIGQUIT", "TERM", "3", "SIGRTMIN+3"],
    given: same,
    taken: ({ app }) => app.stopSignal,
  },
  "app.stopTimeout": {
    initial: 10_000,
    good: ["10s", "500ms", "5m", "0"],
    given: milliseconds,
    taken: ({ app }) => app.stopTimeoutMs,
  },
  "app.restartDelay": {
    initial: 1_000,
    good: ["1s", "500ms", "5m", "0"],
    given: milliseconds,
    taken: ({ app }) => app.restartDelayMs,
    beside: SWARM,
  },
  "haproxy.memory": {
    initial: 512,
    good: ["64m", "2g"],
    given: megabytes,
    taken: ({ haproxyLimits }) => haproxyLimits.memoryMb,
  },
  "haproxy.pids": {
    initial: 512,
    good: ["16", "512"],
    given: Number,
    taken: ({ haproxyLimits }) => haproxyLimits.pids,
  },
  "haproxy.files": {
    initial: 16_384,
    good: ["1024", "16384"],
    given: Number,
    taken: ({ haproxyLimits }) => haproxyLimits.files,
  },
  "haproxy.buffer": {
    initial: 16_384,
    good: ["16k", "64k", "1m"],
    given: bytes,
    taken: ({ traffic }) => traffic.bufferBytes,
  },
  trustedProxies: {
    initial: [],
    good: ['["192.0.2.7"]', "[]", '["10.0.0.0/8","2001:db8::/32","::1"]', '["0.0.0.0/0"]'],
    given: json,
    taken: ({ traffic }) => traffic.trustedProxies,
    base: ({ traffic }) => (traffic.trustedProxies.length === 0 ? {} : { trustedProxies: '["192.0.2.1"]' }),
  },
  proxyProtocol: {
    initial: false,
    good: ["true", "false"],
    given: truth,
    taken: ({ traffic }) => traffic.proxyProtocol,
  },
  accessLog: {
    initial: "all",
    good: ["all", "errors", "off"],
    given: same,
    taken: ({ traffic }) => traffic.accessLog,
  },
  "timeouts.server": {
    initial: 30_000,
    good: ["30s", "1500ms", "24h", "60"],
    given: milliseconds,
    taken: ({ traffic }) => traffic.timeouts.server,
  },
  "timeouts.client": {
    initial: 30_000,
    good: ["30s", "5m", "1h"],
    given: milliseconds,
    taken: ({ traffic }) => traffic.timeouts.client,
  },
  "timeouts.tunnel": {
    initial: 3_600_000,
    good: ["1h", "240h", "30s", "90m"],
    given: milliseconds,
    taken: ({ traffic }) => traffic.timeouts.tunnel,
  },
  "timeouts.connect": {
    initial: 1_000,
    good: ["1s", "250ms", "60"],
    given: milliseconds,
    taken: ({ traffic }) => traffic.timeouts.connect,
  },
  "timeouts.queue": {
    initial: 5_000,
    good: ["5s", "500ms", "2m"],
    given: milliseconds,
    taken: ({ traffic }) => traffic.timeouts.queue,
  },
  "timeouts.keepAlive": {
    initial: 10_000,
    good: ["10s", "100ms", "5m"],
    given: milliseconds,
    taken: ({ traffic }) => traffic.timeouts.keepAlive,
  },
  "retries.count": {
    initial: 3,
    good: ["0", "3", "10"],
    given: Number,
    taken: ({ traffic }) => traffic.retries.count,
  },
  "retries.on": {
    initial: ["conn-failure", "empty-response"],
    good: ['["conn-failure"]', "[]", '["response-timeout","503"]', '["empty-response","429"]'],
    given: (text) => Array.from(JSON.parse(text), String),
    taken: ({ traffic }) => traffic.retries.on,
  },
  "limits.requests": {
    initial: undefined,
    good: ["", "100/10s", "1/1s", "5000/1h", "7/90"],
    given: (text) => {
      const [count, time = ""] = text.split("/");
      return text === "" ? undefined : { count: Number(count), periodMs: milliseconds(time) };
    },
    taken: ({ traffic }) => traffic.limits.requests,
    base: ({ traffic }) => (traffic.limits.requests === undefined ? {} : LIMITED),
  },
  "limits.by": {
    initial: "address",
    good: ["address", "session"],
    given: same,
    taken: ({ traffic }) => traffic.limits.by,
    beside: LIMITED,
  },
  "limits.body": {
    initial: undefined,
    good: ["", "10m", "1k", "2g"],
    given: (text) => (text === "" ? undefined : bytes(text)),
    taken: ({ traffic }) => traffic.limits.body,
    base: ({ traffic }) => (traffic.limits.body === undefined ? {} : { "limits.body": "1m" }),
  },
  balancers: { initial: 1, good: ["1", "3", "7"], given: Number, taken: ({ balancers }) => balancers },
  // With machines beside it docker would be refused, and without them swarm is.
  engine: {
    initial: "docker",
    good: ["docker"],
    given: same,
    taken: ({ swarm }) => (swarm === undefined ? "docker" : "swarm"),
  },
  "swarm.managers": {
    initial: [],
    good: ["[]", '["tcp://10.0.0.1:2375"]', '["unix:///run/docker.sock","ssh://ada@m-1.test:22","ssh://b"]'],
    given: json,
    taken: ({ swarm }) => swarm?.managers,
    beside: SWARM,
  },
  "swarm.rebalance": {
    initial: false,
    good: ["true", "false"],
    given: truth,
    taken: ({ swarm }) => swarm?.rebalance,
    beside: SWARM,
  },
  "swarm.encrypted": {
    initial: false,
    good: ["true", "false"],
    given: truth,
    taken: ({ swarm }) => swarm?.encrypted,
    beside: SWARM,
  },
  "swarm.mtu": {
    initial: undefined,
    good: ["", "576", "1400", "9000"],
    given: (text) => (text === "" ? undefined : Number(text)),
    taken: ({ swarm }) => swarm?.mtu,
    beside: SWARM,
  },
  machines: {
    initial: machinesIn(SWARM.machines),
    good: [
      SWARM.machines,
      '{"b":{"engine":"ssh://ada@b","address":"10.0.0.2","down":true},' +
        '"a":{"engine":"unix:///run/docker.sock","address":"10.0.0.1","down":"false"}}',
    ],
    given: machinesIn,
    taken: ({ swarm }) => swarm?.machines,
    beside: SWARM,
  },
  slots: {
    initial: 32,
    good: ["1", "32", "256"],
    given: Number,
    taken: ({ swarm }) => swarm?.slots,
    beside: SWARM,
  },
  logDriver: {
    initial: "local",
    good: ["local", "engine"],
    given: same,
    taken: ({ logDriver }) => logDriver,
  },
  balance: {
    initial: "roundrobin",
    good: ["roundrobin", "leastconn", "random"],
    given: same,
    taken: ({ balance }) => balance,
  },
  "session.key": {
    initial: { kind: "header", name: "X-Session-ID" },
    good: ["header X-Session-ID", "cookie JSESSIONID", "query s_i.d-1"],
    given: (text) => ({ kind: text.split(" ")[0], name: text.split(" ")[1] }),
    taken: ({ session }) => session.key,
    base: ({ session }) => ({ "session.key": `${session.key.kind} of-the-base` }),
  },
  "session.cookie.name": {
    initial: "SRV_demo",
    good: ["", "SRV", "__Host-a_b.c"],
    given: (text) => text || "SRV_demo",
    taken: ({ session }) => session.cookie.name,
  },
  "session.cookie.sameSite": {
    initial: "Lax",
    good: ["Lax", "Strict"],
    given: same,
    taken: ({ session }) => session.cookie.sameSite,
  },
  "session.cookie.domain": {
    initial: "",
    good: ["example.com", ".a-b.example", "xn--e1a.xn--p1ai"],
    given: same,
    taken: ({ session }) => session.cookie.domain,
    base: ({ session }) => (session.cookie.domain === "" ? {} : { "session.cookie.domain": "of.the.base" }),
  },
  "session.expire": {
    initial: 1_800_000,
    good: ["30m", "1s", "90", "1440m"],
    given: milliseconds,
    taken: ({ session }) => session.expireMs,
  },
  "session.size": {
    initial: 102_400,
    good: ["100k", "1k", "50000"],
    given: (text) => (text.endsWith("k") ? Number(text.slice(0, -1)) * 1024 : Number(text)),
    taken: ({ session }) => session.size,
  },
  haproxyImage: {
    initial: "haproxy:3.2",
    good: ["haproxy:3.2", "haproxy"],
    given: same,
    taken: ({ haproxyImage }) => haproxyImage,
  },
  monitoring: {
    initial: false,
    good: ["true", "false"],
    given: truth,
    taken: ({ monitoring }) => monitoring !== undefined,
  },
  prometheusImage: {
    initial: "prom/prometheus:v3.5.3",
    good: ["prom/prometheus:v3.5.3"],
    given: same,
    taken: ({ monitoring }) => monitoring?.prometheusImage,
    beside: MONITORED,
  },
  grafanaImage: {
    initial: "grafana/grafana:12.4.10",
    good: ["grafana/grafana:12.4.10"],
    given: same,
    taken: ({ monitoring }) => monitoring?.grafanaImage,
    beside: MONITORED,
  },
  "ports.prometheus": {
    initial: 9090,
    good: ["9090", "1024"],
    given: Number,
    taken: ({ monitoring }) => monitoring?.ports.prometheus,
    beside: MONITORED,
  },
  "ports.grafana": {
    initial: 3000,
    good: ["3000", "1024"],
    given: Number,
    taken: ({ monitoring }) => monitoring?.ports.grafana,
    beside: MONITORED,
  },
  subnet: {
    initial: "172.28.10.0/24",
    good: ["172.28.10.0/24", "10.0.0.0/16", "192.168.1.16/28"],
    given: same,
    taken: ({ subnet }) => subnet.cidr,
  },
  bind: {
    initial: "127.0.0.1",
    good: ["127.0.0.1", "0.0.0.0", "192.0.2.1"],
    given: same,
    taken: ({ bind }) => bind,
  },
  "ports.http": {
    initial: 8080,
    good: ["8080", "1024", "65535"],
    given: Number,
    taken: ({ ports }) => ports.http,
  },
  "ports.https": {
    initial: 8443,
    good: ["8443", "1024"],
    given: Number,
    taken: ({ ports }) => ports.https,
    beside: { ...HTTPS, "tls.redirect": "true" },
  },
  "ports.runtimeTls": {
    initial: 9443,
    good: ["9443", "1024"],
    given: Number,
    taken: ({ ports }) => ports.runtimeTls,
    beside: RUNTIME_TLS,
  },
  "tls.certificate": {
    initial: "",
    good: ["a.pem", "/etc/ssl/my site/é;#{x}.pem"],
    given: same,
    taken: ({ tls }) => (tls?.certificate.kind === "file" ? tls.certificate.path : ""),
    base: ({ tls }) => (tls === undefined ? {} : HTTPS),
  },
  "tls.selfSigned": {
    initial: false,
    good: ["true", "false"],
    given: truth,
    taken: ({ tls }) => tls !== undefined,
  },
  "tls.redirect": {
    initial: false,
    good: ["true", "false"],
    given: truth,
    taken: ({ tls }) => tls?.redirect,
    beside: HTTPS,
  },
  "runtimeTls.enabled": {
    initial: false,
    good: ["true", "false"],
    given: truth,
    taken: ({ runtimeTls }) => runtimeTls !== undefined,
  },
  "runtimeTls.bind": {
    initial: "0.0.0.0",
    good: ["0.0.0.0", "192.0.2.1"],
    given: same,
    taken: ({ runtimeTls }) => runtimeTls?.bind,
    beside: RUNTIME_TLS,
  },
  "runtimeTls.host": {
    initial: "",
    good: ["", "docker-1.test", "192.0.2.1"],
    given: same,
    taken: ({ runtimeTls }) => runtimeTls?.host,
    beside: RUNTIME_TLS,
  },
  "runtimeTls.rotation": {
    initial: "1",
    good: ["1", "2026-11", "a_b.c"],
    given: same,
    taken: ({ runtimeTls }) => runtimeTls?.rotation,
    beside: RUNTIME_TLS,
  },
  "ports.runtime": {
    initial: 9999,
    good: ["9999", "1024"],
    given: Number,
    taken: ({ ports }) => ports.runtime,
  },
  "ports.stats": { initial: 8404, good: ["8404", "1024"], given: Number, taken: ({ ports }) => ports.stats },
  drainTimeout: {
    initial: 30_000,
    good: ["30s", "500ms", "5m", "0", "30"],
    given: milliseconds,
    taken: ({ drainTimeoutMs }) => drainTimeoutMs,
  },
  readyTimeout: {
    initial: 60_000,
    good: ["60s", "1500ms", "5m", "60"],
    given: milliseconds,
    taken: ({ readyTimeoutMs }) => readyTimeoutMs,
  },
  "rollout.batch": {
    initial: { kind: "count", count: 1 },
    good: ["1", "25%", "100%", "9999"],
    given: (text) =>
      text.endsWith("%")
        ? { kind: "share", percent: Number(text.slice(0, -1)) }
        : { kind: "count", count: Number(text) },
    taken: ({ rollout }) => rollout.batch,
  },
  "rollout.onFailure": {
    initial: "back",
    good: ["back", "stop"],
    given: same,
    taken: ({ rollout }) => rollout.onFailure,
  },
};

const FIRST = "172.28.10.";

/** A word that tells how servers are checked. */
const IN_CHECKS =
  /^"(%\[srv_name,map_str\(virt@ready,'\/readyz\|localhost'\),field\([12],'\|'\)\]|\/readyz\|localhost\|200-399)"$/;

const checkWord = (was: string, { app }: Settings): string =>
  IN_CHECKS.test(was) ? was.replace("/readyz", () => app.check.path) : was;
const statusWord = (was: string, { app }: Settings): string =>
  was.replace(/^((?:"\S+\|)?)200-399("?)$/, (_, before, after) => `${before}${app.check.status}${after}`);

/** What may stand in a changed file for a word of the file of the defaults, by the key that was changed. */
const WORDS: Readonly<Record<string, (was: string, settings: Settings) => string>> = {
  "app.readyPath": checkWord,
  "app.image": (was, settings) => statusWord(checkWord(was, settings), settings),
  "app.check.status": statusWord,
  "app.check.host": (was, { app }) =>
    IN_CHECKS.test(was) ? was.replace("localhost", () => app.check.host) : was,
  "app.check.timeout": (was, { app }) => (was === "2000ms" ? `${app.check.timeoutMs}ms` : was),
  balance: (was, { balance }) => (was === "roundrobin" ? balance : was),
  "session.key": (was, { session }) => was.replaceAll("of-the-base", session.key.name),
  "session.cookie.name": (was, { session }) => (was === "SRV_demo" ? session.cookie.name : was),
  "session.cookie.sameSite": (was, { session }) =>
    was === '"SameSite=Lax"' ? `"SameSite=${session.cookie.sameSite}"` : was,
  "session.cookie.domain": (was, { session }) => (was === "of.the.base" ? session.cookie.domain : was),
  "session.expire": (was, { session }) => (was === "1800000ms" ? `${session.expireMs}ms` : was),
  "session.size": (was, { session }) => (was === "102400" ? String(session.size) : was),
  "ports.https": (was, { ports }) =>
    was.replace(/^(https:\/\/%\[req\.hdr\(Host\),host_only\]:)8443$/, `$1${ports.https}`),
  "app.port": (was, { app }) => was.replace(/^(172\.28\.10\.\d+):9898$/, `$1:${app.port}`),
  subnet: (was, { subnet }) =>
    was.startsWith(FIRST)
      ? was.replace(/^172\.28\.10\.(\d+)/, (_, host: string) =>
          plus(subnet.cidr.split("/")[0] ?? "", Number(host)),
        )
      : was,
};

/** Lines that may come or go, by the key that was changed: only these, and as many as the key says. */
const LINES: Readonly<
  Record<string, { readonly pattern: RegExp; readonly count: (settings: Settings) => number }>
> = {
  bind: {
    pattern:
      /^ {4}http-request set-var\(txn\.probe\) bool\(true\) if \{ req\.hdr\(X-Balancer-Probe\) -m found \} \{ fc_src 172\.28\.10\.1(?: \d+(?:\.\d+){3})? \} \{ (?:src|var\(txn\.from\) -m ip) 172\.28\.10\.1(?: \d+(?:\.\d+){3})? \}$/,
    count: () => 1,
  },
  "haproxy.buffer": { pattern: /^ {4}tune\.bufsize \d+$/, count: () => 1 },
  trustedProxies: {
    pattern: /^ {4}acl (from_proxy var\(txn\.from\)|is_proxy var\(txn\.client\)) -m ip [0-9a-fA-F:./]+$/,
    count: ({ traffic }) => 2 * traffic.trustedProxies.length,
  },
  // the second line of some is of the runtime API
  "timeouts.server": { pattern: /^ {4}timeout server \d+(ms|[smh])$/, count: () => 2 },
  "timeouts.client": { pattern: /^ {4}timeout client \d+(ms|[smh])$/, count: () => 2 },
  "timeouts.tunnel": { pattern: /^ {4}timeout tunnel \d+(ms|[smh])$/, count: () => 1 },
  "timeouts.connect": { pattern: /^ {4}timeout connect \d+(ms|[smh])$/, count: () => 2 },
  "timeouts.queue": { pattern: /^ {4}timeout queue \d+(ms|[smh])$/, count: () => 1 },
  "timeouts.keepAlive": { pattern: /^ {4}timeout http-keep-alive \d+(ms|[smh])$/, count: () => 1 },
  "retries.count": { pattern: /^ {4}retries \d+$/, count: () => 1 },
  "retries.on": { pattern: /^ {4}retry-on( [a-z0-9-]+)+$/, count: () => 1 },
  "limits.requests": {
    pattern:
      /^ {4}(http-request deny status 429 hdr Retry-After \d+ .* ge \d+ \}|stick-table type ipv6 .* expire \w+ store gpc0_rate\(\w+\) peers balancers)$/,
    count: ({ traffic }) => (traffic.limits.requests === undefined ? 0 : 2),
  },
  "limits.body": {
    pattern: /^ {4}http-request deny deny_status 413 if \{ req\.fhdr\(Content-Length\) -m int gt \d+ \}$/,
    count: ({ traffic }) => (traffic.limits.body === undefined ? 0 : 1),
  },
  count: {
    pattern: /^ {4}server s\d+ 172\.28\.10\.\d+:9898 id \d+ cookie s\d+ [a-z0-9 ]+$/,
    count: ({ count }) => count,
  },
  slots: {
    pattern: /^ {4}server s\d+ ipv4@demo-podinfo\d+:9898 id \d+ cookie s\d+ [a-z0-9, -]+$/,
    count: ({ swarm, count }) => Math.max(count, swarm?.slots ?? 0),
  },
};

/**
 * Sections that another choice writes anew, by the key that was changed; the choice is one of a few, and no
 * text of it gets there.
 */
const SECTIONS: Readonly<Record<string, RegExp>> = {
  proxyProtocol: /^(# Written by|frontend http)\b/,
  accessLog: /^(# Written by|frontend http)\b/,
  "limits.by": /^(frontend http|backend sessions_served|# what clients)\b/,
  balancers: /^(# .*peer.*|peers|frontend peers|backend peers_loopback)\b/,
  machines: /^(# .*peer.*|peers|frontend peers|backend peers_loopback)\b/,
  mode: /^backend webservers\b/,
  monitoring: /^frontend stats\b/,
  "tls.selfSigned": /^(# Written by|frontend http|backend webservers)\b/,
  "tls.redirect": /^frontend http\b/,
  "runtimeTls.enabled": /^# The same for a client\b/,
};

/**
 * Compares a config with that of the defaults, line by line and word by word: only the key's own places may
 * differ.
 */
export function expectOnlyThis(key: string, settings: Settings, base: string, config: string): void {
  expectHead(config, settings);
  const dropped = SECTIONS[key];
  const [before, after] = [base, config].map((text) =>
    sectionsOf(text.slice(text.indexOf("\n") + 1)).filter(
      (section) => dropped === undefined || !dropped.test(section),
    ),
  );
  expect(after?.length).toBe(before?.length);
  const rule = LINES[key];
  const linesOf = (sections: readonly string[] | undefined): string[] =>
    (sections ?? [])
      .join("\n\n")
      .replace(/(BALANCER_REVISION) "[0-9a-f]{16}"/, "$1")
      .split("\n");
  const [was, is] = [linesOf(before), linesOf(after)];
  if (rule !== undefined)
    expect(is.filter((line) => rule.pattern.test(line))).toHaveLength(rule.count(settings));
  const kept = (lines: readonly string[]): string[] =>
    rule === undefined ? [...lines] : lines.filter((line) => !rule.pattern.test(line));
  const word = WORDS[key] ?? ((same: string) => same);
  const expected = kept(was).map((line) =>
    line
      .split(" ")
      .map((each) => word(each, settings))
      .join(" "),
  );
  expect(kept(is)).toEqual(expected);
}

/** The first line is a comment that holds what the file was made from, and nothing else. */
function expectHead(config: string, settings: Settings): void {
  expect(config).toMatch(/^# \{[\u0020-\u007e]+\}\n/);
  expect(readHead(config)?.madeFrom).toEqual(configMadeFrom(planTopology(settings)));
}

const sectionsOf = (text: string): string[] => text.split("\n\n");

/** An IPv4 address some places after another. */
function plus(address: string, count: number): string {
  const value = address.split(".").reduce((number, octet) => number * 256 + Number(octet), 0) + count;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
