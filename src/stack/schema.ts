import { z } from "zod";
import { type Group, group, groupsIn, type Key, key, keysIn } from "./config-keys.ts";
import * as containerKinds from "./container-kinds.ts";
import { ANSWERS, READY } from "./health-check.ts";
import { MAX_APPS, MAX_BALANCERS } from "./subnet.ts";
import * as swarmKinds from "./swarm-kinds.ts";
import * as kinds from "./value-kinds.ts";

const image = (initial: string, description: string) => key(kinds.image(initial), initial, description);
const port = kinds.wholeNumber(1, 65535);
/** HAProxy's reasons to repeat a request, its answers among them; those of TLS with servers apart. */
const RETRY_REASONS = [
  ...["conn-failure", "empty-response", "junk-response", "response-timeout"],
  ...["401", "403", "404", "408", "421", "425", "429", "500", "501", "502", "503", "504"],
];
const processes = kinds.wholeNumber(16, 65_536);
const asSecuritySays = <T extends z.ZodType>(kind: kinds.Kind<T>) =>
  kinds.orNothing(kind, "as app.security says");
const files = kinds.wholeNumber(1024, 1_048_576, ", and no more than the engine may give");

/**
 * The config of a stack. A new key is said here and nowhere else; `npm run generate` writes it to Pulumi.yaml
 * and docs/config.md. Mistakes are told in this order.
 */
export const CONFIG = z.object({
  mode: key(
    kinds.oneOf(["sticky", "hash"]),
    "sticky",
    "sticky: a cookie, and a stick table of session ids; hash: consistent hash of the session's id",
  ),
  count: key(
    kinds.wholeNumber(0, MAX_APPS, ", and no more than the subnet holds"),
    3,
    `App containers, 0 to the subnet's capacity (228 for a /24, ${MAX_APPS} at most)`,
  ),
  app: group("The containers behind HAProxy.", {
    image: image("stefanprodan/podinfo:6.9.2", "Image of the app containers, any that answers HTTP"),
    pull: key(
      kinds.oneOf(["missing", "always"]),
      "missing",
      "When an update asks the registry for app.image, missing: only if the engine does not have it; " +
        "always: at each pulumi up, not at preview",
    ),
    platform: key(
      kinds.platform,
      "",
      "Platform of app.image, such as linux/amd64 or linux/arm64/v8; nothing for the engine's own",
    ),
    port: key(
      kinds.orNothing(kinds.wholeNumber(1, 65535), "for the one that the image exposes"),
      "",
      "TCP port on which the app listens; nothing for the one that its image exposes (podinfo: 9898)",
    ),
    readyPath: key(
      kinds.orNothing(kinds.urlPath, "for /"),
      "",
      "Path that answers 2xx or 3xx when the app is ready; nothing for / with less than 500 (podinfo: " +
        "/readyz, as if it were given)",
    ),
    check: group("How HAProxy finds out whether an app container is ready.", {
      interval: key(
        kinds.time("100ms", "5m", "500ms or 10s"),
        "500ms",
        "Time between two checks; of a container that is not up a fifth of it",
      ),
      timeout: key(
        kinds.time("100ms", "5m", "500ms or 10s"),
        "2s",
        "How long the app may take to answer one",
      ),
      rise: key(kinds.wholeNumber(1, 100), 1, "So many good checks in a row bring a container into rotation"),
      fall: key(kinds.wholeNumber(1, 100), 2, "So many failed checks in a row take it out"),
      host: key(kinds.hostHeader, "", "Header Host of the checks; nothing for localhost"),
      status: key(
        kinds.statuses,
        "",
        `HTTP statuses that mean ready; nothing for ${READY}, and for ${ANSWERS} without app.readyPath`,
      ),
    }),
    maxConnections: key(
      kinds.wholeNumber(0, 100_000),
      0,
      "Requests that each balancer sends to a container at a time, others wait in line; 0 for any number",
    ),
    command: key(
      kinds.orNothing(kinds.words, "for the image's own"),
      "",
      "Command of the app containers, one word an item, {port} stands for app.port, {n} for the " +
        "container's number; nothing or an empty list for the image's own (podinfo, nothing: ./podinfo " +
        "--port={port} --level=debug)",
    ),
    env: key(
      containerKinds.environment,
      {},
      "Environment of the app containers, a map of names and values, {n} in them is the container's " +
        "number; once a value is set with --secret, all of it is a secret in Pulumi's state",
    ),
    files: key(
      containerKinds.filesOrLimit,
      {},
      "Files of the app containers, a map of paths to texts, which the app's user can read; once one is " +
        "set with --secret, all of them are secrets in Pulumi's state",
    ),
    volumes: key(
      containerKinds.volumes,
      [],
      "Volumes and host folders of the app containers, as docker run -v takes them; {n} is the " +
        "container's number",
    ),
    networks: key(
      containerKinds.dockerNetworks,
      [],
      "Networks that exist and that the app containers join as well, such as that of a database",
    ),
    labels: key(containerKinds.labels, {}, "Labels of the app containers, a map of names and values"),
    hostname: key(containerKinds.replicaHostName, "", "Host name of an app container; nothing for Docker's"),
    stopSignal: key(
      containerKinds.stopSignal,
      "",
      "Signal that stops an app container; nothing for the image's own",
    ),
    stopTimeout: key(
      kinds.time("0s", "60m", "500ms, 10s or 5m"),
      "10s",
      "How long an app container may take to end by itself",
    ),
    restartDelay: key(
      kinds.time("0s", "60m", "500ms, 10s or 5m"),
      "1s",
      "With engine swarm, how long after its end an app container is started again",
    ),
    security: key(
      kinds.oneOf(["docker", "restricted"]),
      "docker",
      "What the app containers may do. docker: as under docker run; restricted: no root, no capabilities, " +
        "a read-only root file system, no more privileges (SECURITY.md); the next five keys override either",
    ),
    user: key(
      containerKinds.userOfImage,
      "",
      "User of the app containers; nothing for the image's own; with app.security restricted, an image " +
        "that runs as root is refused until this says root or another",
    ),
    readOnly: key(
      asSecuritySays(kinds.trueOrFalse),
      "",
      "Whether the root file system of the app containers is read-only (docker: false, restricted: true)",
    ),
    tmpfs: key(
      asSecuritySays(containerKinds.folders),
      "",
      "Folders in memory that can be written to even so, empty at every start (docker: none, " +
        "restricted: /tmp)",
    ),
    capabilities: key(
      asSecuritySays(containerKinds.capabilities),
      "",
      "Linux capabilities that the app containers keep, such as NET_BIND_SERVICE; all others are dropped " +
        "(docker: Docker's own, restricted: none)",
    ),
    allowPrivilegeEscalation: key(
      asSecuritySays(kinds.trueOrFalse),
      "",
      "Whether a process of an app container may gain privileges, by sudo for example (docker: true, " +
        "restricted: false)",
    ),
    memory: key(kinds.memory("16m", "1024g"), "512m", "Memory of an app container"),
    pids: key(processes, 512, "Processes and threads of an app container"),
    openFiles: key(files, 16_384, "Open files and sockets of a process in an app container"),
  }),
  balancers: key(
    kinds.wholeNumber(1, MAX_BALANCERS),
    1,
    `HAProxy containers, 1 to ${MAX_BALANCERS}, that share sessions as peers (docs/several-balancers.md)`,
  ),
  engine: key(
    kinds.oneOf(["docker", "swarm"]),
    "docker",
    "docker: all containers on one Docker engine; swarm: over the machines of a Docker Swarm (docs/swarm.md)",
  ),
  swarm: group("The Swarm that the stack is on, with engine swarm (docs/swarm.md).", {
    managers: key(
      swarmKinds.engines,
      [],
      "Docker engines of its managers, of which the first that has a leader is used; nothing for the one " +
        "that the docker command would talk to",
    ),
    rebalance: key(
      kinds.trueOrFalse,
      false,
      "Whether each update moves servers from machines that have two more than another, as npm run " +
        "rebalance does",
    ),
    encrypted: key(kinds.trueOrFalse, false, "Whether what goes between the machines is encrypted, by IPsec"),
    mtu: key(
      kinds.orNothing(kinds.wholeNumber(576, 9000), "for Docker's 1500"),
      "",
      "MTU of what is between the machines, where it is not 1500; that of the stack's network is 50 less, " +
        "for VXLAN",
    ),
  }),
  machines: key(
    swarmKinds.machines,
    {},
    "Machines with a balancer each, with engine swarm, a map of names to {engine, address}; down: true as " +
      "well goes on without one that is dead",
  ),
  slots: key(
    kinds.wholeNumber(1, swarmKinds.MAX_SLOTS),
    32,
    "With engine swarm, servers that haproxy.cfg has ready; a count beyond takes one reload",
  ),
  balance: key(
    kinds.oneOf(["roundrobin", "leastconn", "random"]),
    "roundrobin",
    "Server of a request without a session; hash mode cannot do leastconn",
  ),
  session: group("What a session is, and how long it is remembered (docs/sessions.md).", {
    key: key(
      kinds.sessionKey,
      "header X-Session-ID",
      "Where a request has the id of its session: in a header, in a cookie of the app's own, or in the query",
    ),
    cookie: group("The cookie that HAProxy sets in sticky mode.", {
      name: key(kinds.cookieName, "", "Its name; nothing for SRV_ and the stack's name"),
      sameSite: key(
        kinds.oneOf(["Lax", "Strict", "None"]),
        "Lax",
        "Its attribute SameSite; None makes it Secure as well, as browsers want",
      ),
      domain: key(kinds.cookieDomain, "", "Its attribute Domain; nothing for the host that was asked alone"),
    }),
    expire: key(
      kinds.time("1s", "34560m", "90s, 30m or 1440m"),
      "30m",
      "How long sticky mode remembers a session that sends nothing and has no WebSocket open",
    ),
    size: key(
      kinds.entries("1k", "10000k"),
      "100k",
      "How many sessions sticky mode remembers; beyond, the one that was silent longest is forgotten",
    ),
  }),
  haproxyImage: image("haproxy:3.2", "Image of the HAProxy containers"),
  haproxy: group("What a HAProxy container may use of the host.", {
    memory: key(kinds.memory("64m", "1024g"), "512m", "Memory of a HAProxy container"),
    buffer: key(
      kinds.size("16k", "1m", ", and at most 1/256 of haproxy.memory"),
      "16k",
      "HAProxy's buffers (tune.bufsize): the headers of a request or an answer may be 1 kB shorter",
    ),
    pids: key(processes, 512, "Processes and threads of a HAProxy container"),
    files: key(files, 16_384, "Open files and sockets of HAProxy, two for each connection"),
  }),
  logDriver: key(
    kinds.oneOf(["local", "engine"], "local, or engine for the Docker engine's own default"),
    "local",
    "Docker's log driver for the containers. local: 100 MB a container at most; engine: the engine's own " +
      "default",
  ),
  monitoring: key(
    kinds.trueOrFalse,
    false,
    "true: a Prometheus that scrapes HAProxy, and a Grafana with a dashboard, both on loopback; " +
      "false: neither (docs/monitoring.md)",
  ),
  prometheusImage: image("prom/prometheus:v3.5.3", "Image of Prometheus, not used without monitoring"),
  grafanaImage: image("grafana/grafana:12.4.10", "Image of Grafana, not used without monitoring"),
  subnet: key(
    kinds.privateNetwork,
    "172.28.10.0/24",
    "IPv4 subnet of the stack's Docker network; every address is derived from it: .1 is the gateway, " +
      ".2 the first HAProxy, .9 Prometheus, .10 Grafana, .11 the first app container; the last sixteenth " +
      "is for containers of others",
  ),
  bind: key(
    kinds.hostAddress("127.0.0.1 or 0.0.0.0"),
    "127.0.0.1",
    "Host address on which the HTTP and HTTPS ports are published; stats and runtime API stay on loopback",
  ),
  trustedProxies: key(
    kinds.networks,
    [],
    "Proxies in front, whose X-Forwarded-* is kept and added to (docs/in-front.md); that of everybody else " +
      "is dropped",
  ),
  proxyProtocol: key(
    kinds.trueOrFalse,
    false,
    "Whether the HTTP and HTTPS ports expect the PROXY protocol of trustedProxies, or, without any, of " +
      "everybody (docs/in-front.md)",
  ),
  accessLog: key(
    kinds.oneOf(["all", "errors", "off"]),
    "all",
    "Requests in HAProxy's log. errors: those that were refused, repeated, cut off or answered by 5xx",
  ),
  ports: group("Host ports. Those of HAProxy are the first balancer's; the n-th balancer adds n − 1.", {
    http: key(port, 8080, "Host port of HTTP"),
    https: key(port, 8443, "Host port of HTTPS, with tls.certificate or tls.selfSigned"),
    runtime: key(port, 9999, "Host port of HAProxy's runtime API, on loopback"),
    runtimeTls: key(port, 9443, "Host port of HAProxy's runtime API by mutual TLS, with runtimeTls.enabled"),
    stats: key(port, 8404, "Host port of HAProxy's stats page, on loopback"),
    prometheus: key(port, 9090, "Host port of Prometheus, on loopback; not used without monitoring"),
    grafana: key(port, 3000, "Host port of Grafana, on loopback; not used without monitoring"),
  }),
  timeouts: group("How long HAProxy waits.", {
    server: key(kinds.time("1s", "24h", "500ms, 30s or 5m"), "30s", "For an app that says nothing"),
    client: key(kinds.time("1s", "24h", "500ms, 30s or 5m"), "30s", "For a client that says nothing"),
    tunnel: key(
      kinds.time("1s", "240h", "30s, 5m or 1h"),
      "1h",
      "For either side of a WebSocket that says nothing, in place of both",
    ),
    connect: key(kinds.time("10ms", "60s", "500ms or 2s"), "1s", "For an app container to take a connection"),
    queue: key(kinds.time("10ms", "60m", "500ms, 5s or 1m"), "5s", "For a server that may take a request"),
    keepAlive: key(
      kinds.time("10ms", "60m", "500ms, 10s or 1m"),
      "10s",
      "For the next request of a client's connection",
    ),
  }),
  retries: group("When HAProxy repeats a request on another server: GET, HEAD and OPTIONS alone.", {
    count: key(
      kinds.wholeNumber(0, 10),
      3,
      "How often; a connection that fails is tried again for any request",
    ),
    on: key(
      kinds.listOf(RETRY_REASONS),
      ["conn-failure", "empty-response"],
      "After what, HAProxy's retry-on; with response-timeout what an app still works on is begun once more",
    ),
  }),
  limits: group("What one client may ask for, see docs/in-front.md.", {
    requests: key(
      kinds.rate,
      "",
      "Requests in a time, counted by all balancers; those beyond are answered by 429",
    ),
    by: key(
      kinds.oneOf(["address", "session"]),
      "address",
      "Who is a client. session: who has the session's id, which clients choose; an address without one",
    ),
    body: key(
      kinds.optionalSize("1k", "1024g"),
      "",
      "Bytes of a request's body: beyond it is answered by 413, one that does not tell its length by 411",
    ),
  }),
  drainTimeout: key(
    kinds.time("0s", "1440m", "500ms, 30s or 5m"),
    "30s",
    "How long the sessions of a removed server may go on",
  ),
  readyTimeout: key(
    kinds.time("1s", "60m", "1500ms, 60s or 5m"),
    "60s",
    "How long a new server may take to be up",
  ),
  rollout: group("How an update of the app replaces its containers.", {
    batch: key(
      kinds.numberOrShare,
      1,
      "App containers that an update of the app replaces at a time, a number or a share such as 25%; while " +
        "all are, the stand-in serves",
    ),
    onFailure: key(
      kinds.oneOf(["back", "stop"]),
      "back",
      "When a new container does not come up. back: those that were replaced go back to what they ran " +
        "before; stop: all stays as it is then",
    ),
  }),
  tls: group("HTTPS at the front door, see docs/tls.md.", {
    certificate: key(
      kinds.pemFile,
      "",
      "PEM file with a certificate, its chain and its key, relative to the project; " +
        "with one, HTTPS is served",
    ),
    selfSigned: key(kinds.trueOrFalse, false, "HTTPS with a certificate made for trying out"),
    redirect: key(kinds.trueOrFalse, false, "Whether the HTTP port only redirects to HTTPS"),
  }),
  runtimeTls: group("The runtime API by mutual TLS, see docs/tls.md.", {
    enabled: key(
      kinds.trueOrFalse,
      false,
      "Whether the runtime API is also published by mutual TLS, for a Docker engine on another host",
    ),
    bind: key(kinds.hostAddress("0.0.0.0"), "0.0.0.0", "Host address on which that port is published"),
    host: key(
      kinds.hostName,
      "",
      "Host name or IPv4 address under which Pulumi reaches that port; nothing for the Docker engine's host",
    ),
    rotation: key(kinds.shortWord, "1", "A word of your choice; another one makes new keys and certificates"),
  }),
});

/** What a program can give for a stack: every key may be left out. */
export type GivenConfig = Given<z.input<typeof CONFIG>>;

/** The same, where everything may be left out. */
type Given<T> = T extends readonly (infer E)[]
  ? readonly E[]
  : T extends object
    ? { readonly [K in keyof T]?: Given<T[K]> | undefined }
    : T;

/** A stack's config, read: each key has its value, at the path by which users know it. */
export type Config = Frozen<z.output<typeof CONFIG>>;

/** The same, where nothing can be assigned. */
export type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** The objects of the config by their path, each before those in it. */
export const CONFIG_GROUPS: ReadonlyMap<string, Group> = new Map(groupsIn(CONFIG.shape));

/** All keys of the config, those of an object by their path. */
export const CONFIG_KEYS: ReadonlyMap<string, Key> = new Map(keysIn(CONFIG.shape));
