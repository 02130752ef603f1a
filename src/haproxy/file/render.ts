import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import Handlebars from "handlebars";
import { CONTAINER_PORTS, PEER_PORTS } from "../../stack/container-ports.ts";
import { RUNTIME_CLIENT_NAME } from "../../stack/endpoint.ts";
import { configMadeFrom, type MadeFrom } from "../../stack/made-from.ts";
import type { Server, Topology } from "../../stack/topology.ts";
import {
  CERTIFICATE_PATH,
  CHECK_VARIABLE,
  CHECKS,
  CONFIG_FOLDER,
  GATEWAY_VARIABLE,
  PEER_VARIABLE,
  PROBES,
  REVISION_VARIABLE,
  RUNTIME_CA_FILE,
  RUNTIME_CERTIFICATE_FILE,
  SOCKET_FOLDER,
  STATE_FILE,
} from "../container.ts";
import { checkText, checkValue } from "../runtime/check-values.ts";
import { SESSION_BYTES } from "../stored-session.ts";
import { LOG_FORMAT } from "./access-log.ts";
import { formatHead } from "./head.ts";
import { RESOLVERS } from "./server-line.ts";
import { serverLines } from "./server-lines.ts";
import { checkNeeds } from "./template-needs.ts";
import { trafficView } from "./traffic-view.ts";

/** Clients of the last ten years know these ciphers of TLS 1.2. All have forward secrecy. */
const CIPHERS = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
];
const CIPHER_SUITES = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

/** A rendered haproxy.cfg. */
export interface HaproxyConfig {
  readonly text: string;
  /** Names everything in the text but the list of servers. A worker with this revision needs no reload. */
  readonly revision: string;
  /** What it was made from, by config key, its servers apart. */
  readonly madeFrom: MadeFrom;
}

/**
 * Renders the config that all balancers of a stack share. Same topology, same text.
 * @throws {TemplateError} as {@link checkNeeds}
 */
export function renderConfig(topology: Topology): HaproxyConfig {
  const specimen = {
    ...topology.standIn,
    isBackup: false,
    name: "s0",
    id: 1,
    address: "192.0.2.1",
    port: 1,
    cookie: topology.mode === "sticky" ? "s0" : undefined,
    containerName: "",
  };
  const revision = createHash("sha256")
    .update(render({ ...topology, ...specimens(topology, specimen) }, ""))
    .digest("hex")
    .slice(0, 16);
  const text = render(topology, revision);
  checkNeeds(text, topology);
  return { text, revision, madeFrom: configMadeFrom(topology) };
}

/**
 * Which slots are declared is in no revision, as no list of servers is; how many there are, and their port,
 * is.
 */
const specimens = ({ swarm, standIn }: Topology, specimen: Server): Partial<Topology> => ({
  servers: [specimen],
  swarm: swarm && { ...swarm, slots: swarm.slots.map(() => ({ ...specimen, port: standIn.port })) },
});

function render(topology: Topology, revision: string): string {
  return template()({
    ...viewOf(topology),
    revision,
    head: formatHead({ revision, madeFrom: configMadeFrom(topology) }),
  });
}

/** Everything that the template places. */
const viewOf = (topology: Topology) => ({
  mode: topology.mode,
  backend: topology.backend.name,
  /** Source address of the host's own requests. Each machine of a Swarm has another. */
  gateway: topology.swarm === undefined ? topology.network.gateway : `"\${${GATEWAY_VARIABLE}}"`,
  /**
   * Who asks for the answering server has a word from this map. Undefined where the gateway alone may ask.
   */
  probes: topology.swarm && PROBES,
  /** Name of the name servers that slots follow. Undefined without slots. */
  resolvers: topology.swarm && RESOLVERS,
  hostAddress: topology.hostAddress,
  /** This address may read the metrics. Undefined if nothing does. */
  prometheus: topology.monitoring?.prometheus.address,
  check: {
    value: checkValue(topology.check),
    status: topology.check.status,
    timeoutMs: topology.checkTimeoutMs,
  },
  checkText: checkText(topology.check),
  session: sessionOf(topology),
  balance: topology.balance,
  ...trafficView(topology.traffic),
  checks: CHECKS,
  logFormat: LOG_FORMAT,
  ports: CONTAINER_PORTS,
  socketFolder: SOCKET_FOLDER,
  peerPorts: PEER_PORTS,
  peerVariable: PEER_VARIABLE,
  revisionVariable: REVISION_VARIABLE,
  checkVariable: CHECK_VARIABLE,
  stateFile: STATE_FILE,
  peers: topology.balancers.map(({ peerName, address }) => ({ name: peerName, address })),
  servers: serverLines(topology),
  tls: topology.tls && {
    certificate: CERTIFICATE_PATH,
    ciphers: CIPHERS.join(":"),
    cipherSuites: CIPHER_SUITES.join(":"),
    redirect: topology.tls.redirect,
    /** A redirect goes to this port, by the peer that answers it. */
    hostPorts: topology.balancers.map(({ peerName, ports }) => ({ name: peerName, port: ports.https })),
  },
  /** Undefined if the runtime API is plain alone. */
  runtimeTls: topology.runtimeTls && {
    certificate: `${CONFIG_FOLDER}/${RUNTIME_CERTIFICATE_FILE}`,
    ca: `${CONFIG_FOLDER}/${RUNTIME_CA_FILE}`,
    clientName: RUNTIME_CLIENT_NAME,
  },
});

/** HAProxy's samples of the session's id, by where a request has it. */
const SAMPLES = {
  header: (name: string) => `req.fhdr(${name})`,
  cookie: (name: string) => `req.cook(${name})`,
  query: (name: string) => `url_param(${name})`,
} as const;

function sessionOf({ session, tls }: Topology) {
  const { key, cookie } = session;
  return {
    ...session,
    cookie: { ...cookie, secure: tls !== undefined || cookie.sameSite === "None" },
    sample: SAMPLES[key.kind](key.name),
    /** An app tells the id that it makes up in its answer. Empty where it cannot. */
    learned: key.kind === "cookie" ? `res.cook(${key.name})` : "",
    bytes: SESSION_BYTES,
  };
}

const TEMPLATES = new URL("../../../templates/", import.meta.url);
const PARTIALS = ["global", "defaults", "resolvers", "peers", "frontends", "runtime", "backends"] as const;

let compiled: ((view: object) => string) | undefined;

function template(): (view: object) => string {
  if (compiled !== undefined) return compiled;
  const handlebars = Handlebars.create();
  for (const name of PARTIALS) handlebars.registerPartial(name, read(`partials/${name}.cfg.hbs`));
  handlebars.registerHelper("is", (a: unknown, b: unknown) => a === b);
  // strict: a value that is missing fails. noEscape: HTML escaping has no place here, and every value is
  // validated.
  compiled = handlebars.compile(read("haproxy.cfg.hbs"), { strict: true, noEscape: true });
  return compiled;
}

const read = (path: string): string => readFileSync(new URL(path, TEMPLATES), "utf8");
