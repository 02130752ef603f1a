import { HAPROXY_IMAGE } from "../../test/harness/haproxy-image.ts";
import { BENCH_LABEL } from "../label.ts";
import { pathOf } from "./program.ts";
import { APP_PORT, READY_PATH } from "./rival.ts";

/** Where a front door listens in its container. */
export const DOOR_PORT = 8080;
/** Where it finds its files. */
export const FILES_IN_DOOR = "/etc/front";

/** The copies are one service of compose, by this name. */
const SERVICE = "app";
const MOST_COPIES = 12;

/** What stands in front of the copies. */
export interface FrontDoor {
  readonly name: string;
  readonly how: string;
  /** The service of it, in a file for compose. */
  readonly service: Readonly<Record<string, unknown>>;
  /** Files that it mounts from the folder of the file, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** What it mounts of this machine. */
  readonly mounts: readonly string[];
  /** Labels of the app, which tell it what to do. */
  readonly appLabels: Readonly<Record<string, string>>;
}

/** HAProxy asks Docker's DNS where the copies are, as its documentation has it for such a place. */
export const HAPROXY_BY_DNS: FrontDoor = {
  name: "compose, HAProxy by DNS",
  how: "`docker compose up --wait`, HAProxy with `server-template` and `resolvers`",
  service: { image: HAPROXY_IMAGE, command: ["haproxy", "-W", "-db", "-f", `${FILES_IN_DOOR}/haproxy.cfg`] },
  files: {
    "haproxy.cfg": `global
    log stdout format raw local0
defaults
    mode http
    timeout connect 1s
    timeout client 60s
    timeout server 60s
    timeout tunnel 1h
    retries 3
    option redispatch
    retry-on conn-failure empty-response
resolvers docker
    nameserver dns 127.0.0.11:53
    hold valid 1s
    hold obsolete 1s
frontend http
    bind :${DOOR_PORT}
    default_backend app
backend app
    balance roundrobin
    cookie SRV insert indirect nocache
    option httpchk GET ${READY_PATH}
    default-server check inter 1s fall 2 rise 1 resolvers docker init-addr none
    server-template s 1-${MOST_COPIES} ${SERVICE}:${APP_PORT}
`,
  },
  mounts: [],
  appLabels: {},
};

const TRAEFIK_NAME = `traefik.http.services.${SERVICE}.loadbalancer`;

/** Traefik asks Docker which copies there are, and leaves out those that are not healthy. */
export const TRAEFIK: FrontDoor = {
  name: "compose, Traefik",
  how: "the same with Traefik",
  service: {
    image: HAPROXY_IMAGE, // for what a program needs of a system
    user: "root",
    entrypoint: ["/usr/local/bin/traefik"],
    command: [
      `--entrypoints.web.address=:${DOOR_PORT}`,
      "--providers.docker.exposedbydefault=false",
      `--providers.docker.constraints=Label(\`${BENCH_LABEL}\`, \`rivals\`)`,
    ],
  },
  files: {},
  mounts: [`${pathOf("traefik")}:/usr/local/bin/traefik:ro`, "/var/run/docker.sock:/var/run/docker.sock:ro"],
  appLabels: {
    "traefik.enable": "true",
    [`traefik.http.routers.${SERVICE}.rule`]: "PathPrefix(`/`)",
    [`traefik.http.routers.${SERVICE}.middlewares`]: "again",
    "traefik.http.middlewares.again.retry.attempts": "3",
    [`${TRAEFIK_NAME}.server.port`]: String(APP_PORT),
    [`${TRAEFIK_NAME}.sticky.cookie.name`]: "SRV",
    [`${TRAEFIK_NAME}.healthcheck.path`]: READY_PATH,
    [`${TRAEFIK_NAME}.healthcheck.interval`]: "1s",
  },
};
