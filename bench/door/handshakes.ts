import { once } from "node:events";
import { connect, type SecureVersion } from "node:tls";
import { CONTAINER_PORTS } from "../../src/stack/container-ports.ts";
import { printTable, printTargets, type Target } from "../report.ts";
import { interleave, median, type Rounds, ratioOf } from "../samples.ts";
import { balancerConfig, minimalConfig, TOPOLOGY } from "./configs.ts";
import { Door } from "./door.ts";
import { Client } from "./load.ts";

const WARM = 50;
const HANDSHAKES = 400;
const PLACE = { host: TOPOLOGY.balancers[0]?.address ?? "", port: CONTAINER_PORTS.https };

/** Balancer has HAProxy remember TLS sessions, which by default it gives to clients as tickets. */
const CONFIGS = {
  minimal: minimalConfig("sticky", false).replace(" no-tls-tickets", ""),
  Balancer: balancerConfig("sticky", { accessLog: "off" }),
} as const;
const KINDS = [
  { what: "TLS 1.3, full", version: "TLSv1.3", isResumed: false },
  { what: "TLS 1.3, resumed", version: "TLSv1.3", isResumed: true },
  { what: "TLS 1.2, full", version: "TLSv1.2", isResumed: false },
  { what: "TLS 1.2, resumed", version: "TLSv1.2", isResumed: true },
] as const satisfies readonly Kind[];

interface Kind {
  readonly what: string;
  readonly version: SecureVersion;
  readonly isResumed: boolean;
}

/** Compares connections that ask once, by the same certificate (ECDSA, P-256) and ciphers. */
export async function compareHandshakes(pem: string, rounds: Rounds): Promise<void> {
  const configs = Object.values(CONFIGS);
  const runs = KINDS.flatMap((kind) => configs.map((config) => () => measure(config, kind, pem)));
  const taken = await interleave(runs, rounds);
  const cpuOf = (kind: number, config: number): number[] => taken[kind * configs.length + config] ?? [];
  printTable(
    `https: what a connection with one request takes of HAProxy in µs, medians of ${rounds.count} rounds`,
    ["", ...Object.keys(CONFIGS)],
    KINDS.map(({ what }, kind) => [what, ...configs.map((_, at) => median(cpuOf(kind, at)).toFixed(0))]),
  );
  printTargets(
    KINDS.map(
      ({ what }, kind): Target => ({
        text: `https, ${what}: Balancer / minimal`,
        ratio: ratioOf(cpuOf(kind, 1), cpuOf(kind, 0)),
        limit: { kind: "at most", value: 1.15 },
      }),
    ),
  );
}

async function measure(config: string, { version, isResumed }: Kind, pem: string): Promise<number> {
  const door = await Door.open(config, pem, new Client(PLACE.host, PLACE.port, true));
  if (door === undefined) throw new Error("HAProxy refuses a config of the bench");
  try {
    let session: Buffer | undefined;
    const askOften = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) {
        const { next, wasResumed } = await askOnce(version, session);
        if (session !== undefined && !wasResumed) throw new Error("a session of TLS was not resumed");
        if (isResumed) session = next ?? session;
      }
    };
    await askOften(WARM);
    const before = await door.cpuMicroseconds();
    await askOften(HANDSHAKES);
    return ((await door.cpuMicroseconds()) - before) / HANDSHAKES;
  } finally {
    await door.close();
  }
}

async function askOnce(version: SecureVersion, session: Buffer | undefined) {
  const versions = { minVersion: version, maxVersion: version };
  const socket = connect({ ...PLACE, ...versions, rejectUnauthorized: false, session });
  let next: Buffer | undefined;
  socket.on("session", (given) => {
    next = given;
  });
  await once(socket, "secureConnect");
  const wasResumed = socket.isSessionReused();
  socket.write("GET / HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\n\r\n");
  socket.resume();
  await once(socket, "close");
  return { next, wasResumed };
}
