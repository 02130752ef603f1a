import { CERTIFICATE_PATH } from "../../src/haproxy/container.ts";
import { renderConfig } from "../../src/haproxy/file/render.ts";
import { CONTAINER_PORTS } from "../../src/stack/container-ports.ts";
import { withPort } from "../../src/stack/settings.ts";
import { planTopology } from "../../src/stack/topology.ts";
import { settingsOf } from "../../test/harness/pulumi-config.ts";
import { type Config, groupedConfig } from "../../test/harness/running-stack.ts";
import { placeOf } from "../../test/harness/stack-places.ts";

export const NAME = "bench-door";
export const APP_PORT = 9898;

/** How a session finds its server. */
export type Mode = "sticky" | "hash";

/** Renders the config of a Balancer stack with three servers and HTTPS. */
export function balancerConfig(mode: Mode, config: Config = {}): string {
  return renderConfig(topologyOf({ mode, "tls.selfSigned": true, ...config })).text;
}

/** Where HAProxy and the app servers are, in every config. */
export const TOPOLOGY = topologyOf({});

function topologyOf(config: Config) {
  const { subnet } = placeOf(NAME);
  const given = groupedConfig({ count: 3, subnet, "app.port": APP_PORT, ...config });
  return planTopology(withPort(settingsOf(given, NAME), APP_PORT));
}

/** What gives a session its server takes a line or two in any haproxy.cfg. */
const AFFINITY = {
  sticky: ["balance roundrobin", "cookie SERVER insert indirect nocache"],
  hash: ["balance hash req.hdr(X-Session-ID)", "hash-type consistent"],
} as const;

/** The least haproxy.cfg that keeps a session on its server, with HTTPS by the ciphers of Balancer's. */
export function minimalConfig(mode: Mode, hasLog: boolean): string {
  const log = (line: string): string[] => (hasLog ? [line] : []);
  const tls = balancerConfig(mode)
    .split("\n")
    .filter((line) => /^ +ssl-default-bind-/.test(line));
  const cookie = (name: string): string => (mode === "sticky" ? ` cookie ${name}` : "");
  return [
    "global",
    ...log("    log stdout format raw daemon info"),
    ...tls,
    "defaults",
    "    mode http",
    "    timeout connect 5s",
    "    timeout client 30s",
    "    timeout server 30s",
    "frontend http",
    `    bind :${CONTAINER_PORTS.http}`,
    `    bind :${CONTAINER_PORTS.https} ssl crt ${CERTIFICATE_PATH} alpn h2,http/1.1`,
    ...log("    log global"),
    ...log("    option httplog"),
    "    default_backend app",
    "backend app",
    ...AFFINITY[mode].map((line) => `    ${line}`),
    "    option httpchk",
    ...TOPOLOGY.servers.map(
      ({ name, address }) => `    server ${name} ${address}:${APP_PORT} check${cookie(name)}`,
    ),
    "",
  ].join("\n");
}

/** Answers at once, so that all that takes time is the door. */
export const APP_BODY = "ok\n";
export const APP_CONFIG = [
  "defaults",
  "    mode http",
  "    timeout connect 5s",
  "    timeout client 60s",
  "    timeout server 60s",
  "frontend app",
  `    bind :${APP_PORT}`,
  `    http-request return status 200 content-type text/plain string ${JSON.stringify(APP_BODY)}`,
  "",
].join("\n");
