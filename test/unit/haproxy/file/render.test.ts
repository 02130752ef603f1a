import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readHead } from "../../../../src/haproxy/file/head.ts";
import { type HaproxyConfig, renderConfig } from "../../../../src/haproxy/file/render.ts";
import { serverArguments } from "../../../../src/haproxy/file/server-line.ts";
import { checkNeeds } from "../../../../src/haproxy/file/template-needs.ts";
import { steps } from "../../../../src/haproxy/runtime/steps.ts";
import { BACKEND, planTopology, type Topology } from "../../../../src/stack/topology.ts";
import { named } from "../../../harness/named.ts";
import { type StackConfig, settingsOf, stackFile } from "../../../harness/pulumi-config.ts";
import { GOLDENS } from "./goldens.ts";

const topologyOf = (config: StackConfig): Topology => planTopology(settingsOf(config));
const configOf = (config: StackConfig): HaproxyConfig => renderConfig(topologyOf(config));

const isRewriting = process.env.UPDATE_GOLDEN === "1";

describe("the whole haproxy.cfg", () => {
  test.each(named(GOLDENS))("of %s is as it was agreed", (_what, { mode, config, file }) => {
    const { text } = configOf({ ...stackFile(mode), ...config });
    if (isRewriting) writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, "utf8"));
  });

  test("is the same for the same topology", () => {
    expect(configOf({ count: "4" })).toEqual(configOf({ count: "4" }));
  });

  test("carries its revision, for the runtime API to show", () => {
    const { text, revision } = configOf({});
    expect(revision).toMatch(/^[0-9a-f]{16}$/);
    expect(text).toContain(`\n    setenv BALANCER_REVISION "${revision}"\n`);
    expect(readHead(text)?.revision).toBe(revision);
    expect(readHead("global\n")).toBeUndefined();
  });
});

test("a file that lacks what keeps HAProxy in step is refused with the lines that are missing", () => {
  const topology = planTopology(settingsOf());
  const { text } = renderConfig(topology);
  expect(() => checkNeeds(text.replace("balance roundrobin", "balance first"), topology)).not.toThrow();
  const broken = text
    .replace("backend webservers from", "backend web from")
    .replace(/ +setenv BALANCER_REVISION.*\n/, "")
    .replace("server s2 172.28.10.12:9898 id 2", "server s2 172.28.10.12:9898");
  expect(() => checkNeeds(broken, topology)).toThrow(
    /without what keeps it in step .*:\n {2}setenv BALANCER_REVISION\n {2}backend webservers\n {2}server s2 \S+ id 2 /,
  );
});

describe("the revision", () => {
  const { revision } = configOf({ count: "3" });

  test.each(
    named<{ what: string; config: StackConfig }>([
      { what: "no server", config: { count: "0" } },
      { what: "another count", config: { count: "200" } },
      { what: "another port of the app, which the runtime API can set", config: { "app.port": "80" } },
      { what: "another app image", config: { "app.image": "nginx", "app.readyPath": "/readyz" } },
      { what: "other host ports", config: { ports: { http: 1024, runtime: 1025, stats: 1026 } } },
      {
        what: "other ports and images of what is not there",
        config: { "ports.prometheus": "1024", grafanaImage: "grafana" },
      },
      { what: "other timeouts of the update", config: { drainTimeout: "1s", readyTimeout: "1s" } },
    ]),
  )("stays as it is with %s", (_what, { config }) => {
    expect(configOf(config).revision).toBe(revision);
  });

  test.each(
    named<{ what: string; config: StackConfig }>([
      { what: "another mode", config: { mode: "hash" } },
      { what: "another balancer, which is another peer", config: { balancers: "2" } },
      { what: "monitoring, since Prometheus is let in", config: { monitoring: "true" } },
      { what: "another ready path", config: { "app.readyPath": "/healthz" } },
      { what: "another app, which is ready otherwise", config: { "app.image": "nginx" } },
      {
        what: "another subnet, since the gateway guards the runtime API",
        config: { subnet: "172.28.99.0/24" },
      },
    ]),
  )("differs with %s", (_what, { config }) => {
    expect(configOf(config).revision).not.toBe(revision);
  });
});

describe("the server lines", () => {
  test.each(named(GOLDENS))("of %s are what `add server` is sent", (_what, { mode, config }) => {
    const topology = topologyOf({ mode, ...config });
    // A slot that nobody declares has one word more.
    const lines = [...renderConfig(topology).text.matchAll(/^ {4}server (s\d+) (.+)(?<! disabled)$/gm)];
    expect(lines).toHaveLength(Number(config.count));
    const fromFile = lines.map(([, name, args]) => `add server ${BACKEND}/${name} ${args} init-state down`);
    const sent = topology.servers.map(
      (server) => steps(BACKEND).add(server.name, serverArguments(server))[0]?.command,
    );
    expect(fromFile).toEqual(sent);
  });

  test("stand in the backend's section, in the order of the ids", () => {
    const { text } = configOf({ count: "12" });
    const section = text.slice(
      text.indexOf(`\nbackend ${BACKEND} `),
      text.indexOf("\nbackend runtime_worker "),
    );
    expect([...section.matchAll(/^ {4}server s\d+ .* id (\d+) /gm)].map(([, id]) => Number(id))).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
    ]);
  });
});

describe("TLS", () => {
  const tls = { "tls.selfSigned": "true" };

  test("is not in a config without it", () => {
    expect(configOf({}).text).not.toMatch(/8443|ssl-|[Ss]ecure/);
  });

  test("says nothing of the certificate but its path, so another one needs no reload", () => {
    expect(configOf({ "tls.certificate": "a.pem" })).toEqual(configOf({ "tls.certificate": "b.pem" }));
    expect(configOf({ "tls.certificate": "a.pem" })).toEqual(configOf(tls));
  });

  test("sends plain requests to the HTTPS port of the balancer that answers, and serves none of them", () => {
    const { text } = configOf({
      ...tls,
      "tls.redirect": "true",
      balancers: "2",
      "ports.http": "9100",
      "ports.https": "9200",
    });
    const frontend = text.slice(text.indexOf("\nfrontend http "), text.indexOf("\nfrontend stats "));
    const rules = [
      ...frontend.matchAll(
        /^\.if streq\("\$BALANCER_PEER","(\w+)"\)\n.+host_only\]:(\d+) code 308 unless { ssl_fc }$/gm,
      ),
    ];
    expect(rules.map(([, peer, port]) => [peer, port])).toEqual([
      ["haproxy1", "9200"],
      ["haproxy2", "9201"],
    ]);
    expect(frontend.indexOf("deny deny_status 403 unless { ssl_fc }")).toBeGreaterThan(
      frontend.lastIndexOf("code 308"),
    );
  });
});

test("the runtime API by TLS lets in nobody but the one client, and no older TLS than 1.3", () => {
  expect(configOf({}).text).not.toContain("runtime_tls");
  const { text } = configOf({ "runtimeTls.enabled": "true" });
  const start = text.indexOf("\nfrontend runtime_tls ");
  const frontend = text.slice(start, text.indexOf("\n\n", start));
  expect(frontend).toMatch(
    /bind :9998 ssl crt \S+\/runtime\.pem ca-file \S+\/runtime-ca\.pem verify required ssl-min-ver TLSv1\.3\n/,
  );
  expect(frontend).toContain("tcp-request session reject unless { ssl_c_s_dn(cn) -m str balancer }");
  expect(text).not.toMatch(/stats socket .*ssl/);
});

test("the app's ready path is the one that HAProxy asks for", () => {
  expect(configOf({ "app.readyPath": "/a?b=c&d" }).text).toContain(
    `\n    http-check send meth GET uri-lf "%[srv_name,map_str(virt@ready,'/a?b=c&d|localhost'),field(1,'|')]" ver `,
  );
});

test("without one podinfo is asked for /readyz, and any other app for anything but a fault at /", () => {
  const checkOf = (config: StackConfig) =>
    /map_str\(virt@ready,'([^'|]+)\|localhost'\).*\n.*status (.+)\n/.exec(configOf(config).text);
  expect(checkOf({ "app.image": "registry.test:5000/stefanprodan/podinfo" })?.slice(1)).toEqual([
    "/readyz",
    "200-399",
  ]);
  expect(checkOf({ "app.image": "nginx" })?.slice(1)).toEqual(["/", "100-499"]);
  expect(checkOf({ "app.image": "nginx", "app.readyPath": "/" })?.slice(1)).toEqual(["/", "200-399"]);
});

test("only the network's gateway, the Docker host, reaches the runtime API and the stats page", () => {
  const { text } = configOf({ subnet: "10.20.0.0/16" });
  const guard = "tcp-request connection reject unless { src 10.20.0.1 }";
  for (const frontend of ["stats", "runtime"]) {
    const start = text.indexOf(`\nfrontend ${frontend} `);
    expect(text.slice(start, text.indexOf("\n\n", start))).toContain(guard);
  }
});

test("with monitoring, Prometheus reaches the metrics, and no stats page or runtime API", () => {
  const { text } = configOf({ subnet: "10.20.0.0/16", monitoring: "true" });
  const section = (frontend: string): string => {
    const start = text.indexOf(`\nfrontend ${frontend} `);
    return text.slice(start, text.indexOf("\n\n", start));
  };
  expect(section("stats")).toContain("tcp-request connection reject unless { src 10.20.0.1 10.20.0.9 }");
  expect(section("stats")).toContain("http-request deny if { src 10.20.0.9 } !{ path /metrics }");
  expect(section("runtime")).toContain("tcp-request connection reject unless { src 10.20.0.1 }");
  expect(configOf({ subnet: "10.20.0.0/16" }).text).not.toContain("10.20.0.9");
});
